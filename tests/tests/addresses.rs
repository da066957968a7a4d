//! The limits of one address hold, are reported, and cost no other address anything.

use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{
    Certificate, Client, Program, RawSocket, Request, Response, Room, follow, message, open_room, within,
};
use serde_json::Value;

/// Another address of this machine; by default clients connect from 127.0.0.1.
const ELSEWHERE: &str = "127.0.0.2";

async fn upgrade_from(address: &str, own: &str) -> (RawSocket, Response) {
    let mut socket = RawSocket::connect_from(address, own).await;
    let response = Request::upgrade().send_on(&mut socket, address).await;
    (socket, response)
}

/// Opens websockets one after the other until one is refused.
async fn until_refused(address: &str, own: &str) -> Response {
    within("a refused upgrade", async {
        loop {
            let (_socket, response) = upgrade_from(address, own).await;
            if response.status != 101 {
                return response;
            }
        }
    })
    .await
}

fn is_told_to_come_later(response: &Response, status: u16, what: &str) {
    assert_eq!(response.status, status, "{}", response.body);
    assert!(response.body.contains(what) && response.body.contains("try again"), "{}", response.body);
    let seconds: u64 = response.header("retry-after").expect("it says when").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn a_connection_too_many_of_one_address_is_refused_until_one_is_gone() {
    let program = Program::start(&["--connections-per-address", "2"]).await;
    let (mut owner, uuid) = open_room(&program.address).await;
    let mut follower = follow(&program.address, &uuid).await;
    let (_, refused) = upgrade_from(&program.address, "127.0.0.1").await;
    is_told_to_come_later(&refused, 429, "this address has as many connections");
    let (_other, response) = upgrade_from(&program.address, ELSEWHERE).await;
    assert_eq!(response.status, 101);
    owner.sync().await;

    follower.send(message::close(&uuid)).await;
    follower.rest().await;
    drop(follower);
    within("a free place", async {
        while upgrade_from(&program.address, "127.0.0.1").await.1.status != 101 {}
    })
    .await;
}

#[tokio::test]
async fn an_address_that_connects_too_often_is_told_to_wait_and_others_are_not() {
    let program = Program::start(&["--handshakes-per-second-per-address", "2"]).await;
    let (mut owner, _uuid) = open_room(&program.address).await;
    let refused = until_refused(&program.address, "127.0.0.1").await;
    is_told_to_come_later(&refused, 429, "from this address");
    let (_other, response) = upgrade_from(&program.address, ELSEWHERE).await;
    assert_eq!(response.status, 101);
    owner.sync().await;
}

#[tokio::test]
async fn more_connections_than_the_server_can_take_at_a_moment_are_told_to_wait_wherever_they_come_from() {
    let program = Program::start(&["--handshakes-per-second", "2"]).await;
    let (mut owner, _uuid) = open_room(&program.address).await;
    let refused = until_refused(&program.address, ELSEWHERE).await;
    is_told_to_come_later(&refused, 503, "too many connections come");
    owner.sync().await;
}

async fn refused_creation(address: &str, first: Value) -> Value {
    let mut client = Client::connect(address).await;
    client.send(first).await;
    let refusal = client.is_refused("rate_limited").await;
    assert_eq!(client.closed().await, CloseCode::NotNow.value());
    refusal
}

#[tokio::test]
async fn an_address_that_opens_too_many_rooms_is_told_when_to_go_on_and_keeps_those_it_has() {
    let program = Program::start(&["--rooms-per-minute-per-address", "2"]).await;
    let mut room = Room::open(&program.address).await;
    open_room(&program.address).await;
    for first in [message::create(), message::session_create("s")] {
        let refusal = refused_creation(&program.address, first).await;
        let wait = refusal["error"]["retryAfterMs"].as_u64().unwrap();
        assert!((1..=30_000).contains(&wait), "{wait}");
    }
    let mut follower = room.join_synced(0).await;
    room.act(1, 1).await;
    assert_eq!(follower.next().await["seq"], 1);
    let (mut elsewhere, _) = upgrade_from(&program.address, ELSEWHERE).await;
    elsewhere.send_text(message::create()).await;
    assert!(elsewhere.text().await.contains("connected"));
}

/// The sockets that one address may have if it may have one connection: two, and sixteen more.
const SOCKETS: usize = 18;

async fn idle_sockets(address: &str, own: &str, count: usize) -> Vec<RawSocket> {
    let mut sockets = Vec::new();
    for _ in 0..count {
        let mut socket = RawSocket::connect_from(address, own).await;
        // The answer shows that the server has accepted the socket.
        assert_eq!(Request::get("/healthz").send_on(&mut socket, address).await.status, 200);
        sockets.push(socket);
    }
    sockets
}

#[tokio::test]
async fn sockets_that_no_connection_becomes_of_are_bounded_for_each_address_and_cost_no_other_any() {
    let mut command = Program::command();
    command.args([
        "--listen",
        "127.0.0.1:0",
        "--connections-per-address",
        "1",
        "--handshake-timeout-ms",
        "60000",
    ]);
    let mut program = Program::telling(command).await;
    let (mut websocket, response) = upgrade_from(&program.address, "127.0.0.1").await;
    assert_eq!(response.status, 101);
    // The websocket is one of them: its socket still counts, once.
    let mut idle = idle_sockets(&program.address, "127.0.0.1", SOCKETS - 1).await;
    assert_eq!(RawSocket::connect(&program.address).await.until_end().await, b"");
    program.next_log("a connection is closed before its request: this address has as many").await;
    // The open sockets still work, and other addresses can connect.
    assert_eq!(Request::upgrade().send_on(&mut idle[0], &program.address).await.status, 429);
    websocket.send_text(message::create()).await;
    assert!(websocket.text().await.contains("connected"));
    idle_sockets(&program.address, ELSEWHERE, SOCKETS).await;

    drop(websocket);
    within("the websocket's place", async {
        loop {
            let mut socket = RawSocket::connect(&program.address).await;
            socket.send_bytes(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
            if socket.until_end().await.starts_with(b"HTTP/1.1 200 ") {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn sockets_of_all_addresses_are_bounded_too_also_those_of_proxies() {
    let program = Program::start(&[
        "--trust-proxy",
        "127.0.0.1",
        "--creation",
        "open",
        "--allow-origin",
        "self",
        "--connections",
        "2",
        "--connections-per-address",
        "1",
        "--handshake-timeout-ms",
        "60000",
    ])
    .await;
    let idle = idle_sockets(&program.address, "127.0.0.1", 2 + 128).await;
    for own in ["127.0.0.1", ELSEWHERE] {
        assert_eq!(RawSocket::connect_from(&program.address, own).await.until_end().await, b"");
    }
    drop(idle);
}

#[tokio::test]
async fn handshakes_of_tls_that_come_too_often_are_cut_before_they_begin() {
    let certificate = Certificate::create(env!("CARGO_TARGET_TMPDIR").as_ref(), "too often");
    let mut arguments = certificate.arguments().to_vec();
    arguments.extend(["--handshakes-per-second-per-address", "1"]);
    let program = Program::start(&arguments).await;
    certificate.connect(&program.address).await.unwrap();
    within("a refused handshake", async { while certificate.connect(&program.address).await.is_ok() {} })
        .await;
}
