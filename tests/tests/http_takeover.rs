//! Event streams that take over the TCP connection of their request.

use rtbroadcaster_tests::{Edge, Events, PATH, Program, RawSocket, Request, Response, within};
use serde_json::json;

/// Answers that are more than the kernel and hyper hold for a client that reads nothing.
const ANSWERS: usize = 400;

#[tokio::test]
async fn an_event_stream_comes_after_all_earlier_answers_on_its_connection() {
    let program = Program::start(&[]).await;
    let edge = Edge::open(&program.address).await;
    let mut socket = RawSocket::connect(&program.address).await;
    let document = Request::get(&format!("{PATH}/openapi.json"));
    for _ in 0..ANSWERS {
        document.begin_on(&mut socket, &program.address).await;
    }
    edge.events().begin_on(&mut socket, &program.address).await;
    let expected = document.send(&program.address).await;
    for _ in 0..ANSWERS {
        let answer = Response::read(&mut socket, false).await;
        assert_eq!((answer.status, answer.body.len()), (200, expected.body.len()));
    }
    let mut events = Events::answered_on(socket).await;
    assert_eq!(events.message().await["status"]["value"], 3);
    events.hears(&json!({"synced": 0})).await;
    edge.act("act").await;
    assert_eq!(events.seq().await, 1);
}

#[tokio::test]
async fn the_answer_has_what_hyper_would_give_it_and_ends_with_the_connection() {
    let program = Program::start(&[]).await;
    let edge = Edge::open(&program.address).await;
    let origin = format!("http://{}", program.address);
    let mut events = Events::open(&edge.events().with("Origin", &origin), &program.address).await;
    let header = |name: &str| events.response.header(name);
    assert_eq!(header("connection"), Some("close"));
    assert_eq!(header("content-length"), None);
    assert_eq!(header("transfer-encoding"), None);
    assert_eq!(header("cache-control"), Some("no-store, no-transform"));
    assert_eq!(header("access-control-allow-origin"), Some(origin.as_str()));
    assert!(header("date").is_some_and(|date| date.ends_with(" gmt")), "{}", events.response.head);
    assert_eq!(events.message().await["status"]["value"], 3);
    events.hears(&json!({"synced": 0})).await;
    events.hears(&json!({"owner": "away"})).await;
    edge.send(&Request::new("DELETE", &edge.path("")).bearing(&edge.key)).await;
    assert_eq!(events.message().await["status"]["value"], 0);
    assert_eq!(events.closed().await, 4500);
}

#[tokio::test]
async fn what_a_reader_of_events_sends_means_nothing() {
    let program = Program::start(&[]).await;
    let edge = Edge::open(&program.address).await;
    let mut events = edge.follow_from(0).await;
    // Another request, and what would be a websocket's close frame.
    events.send_bytes(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    events.send_bytes(&[0x88, 0x80, 0, 0, 0, 0]).await;
    for seq in 1..=3 {
        edge.act("act").await;
        assert_eq!(events.seq().await, seq);
    }
}

/// A socket that the server has accepted. Sockets of earlier requests are gone soon.
async fn accepted_socket(address: &str) -> RawSocket {
    within("a free place", async {
        loop {
            let mut socket = RawSocket::connect(address).await;
            Request::get("/healthz").begin_on(&mut socket, address).await;
            if socket.read_line().await.is_some_and(|line| line.contains("200")) {
                return socket;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_tcp_connection_that_was_taken_over_still_counts() {
    let limits = ["--connections-per-address", "1", "--handshake-timeout-ms", "60000"];
    let program = Program::start(&limits).await;
    let edge = Edge::open(&program.address).await;
    let _events = edge.follow_from(0).await;
    // For one connection an address may have two sockets, and sixteen more.
    let mut idle = Vec::new();
    for _ in 1..18 {
        idle.push(accepted_socket(&program.address).await);
    }
    assert_eq!(RawSocket::connect(&program.address).await.until_end().await, b"");
}
