//! From the TCP connection to the first message: who is let in, and how the others are refused.

use rtbroadcaster::{OriginPolicy, Settings};
use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{Client, PATH, Program, RawSocket, Request, Server, follow, open_room};

/// The status of the answer to an upgrade with one more, or one different, header.
async fn status_with(server: &Server, name: &str, value: &str) -> u16 {
    Request::upgrade().with(name, value).send(&server.address).await.status
}

#[tokio::test]
async fn an_upgrade_is_answered_as_the_rfc_says() {
    let server = Server::start().await;
    let response = Request::upgrade().send(&server.address).await;
    assert_eq!(response.status, 101);
    assert_eq!(response.header("upgrade"), Some("websocket"));
    // The example of RFC 6455 section 1.3, in lower case like the whole head here.
    assert_eq!(response.header("sec-websocket-accept"), Some("s3pplmbitxaq9kygzzhzrbk+xoo="));
    assert_eq!(response.header("sec-websocket-protocol"), None);
    assert_eq!(response.header("sec-websocket-extensions"), None);
}

#[tokio::test]
async fn header_names_and_tokens_are_taken_in_any_case() {
    let server = Server::start().await;
    assert_eq!(status_with(&server, "Connection", "keep-alive, UPGRADE").await, 101);
    assert_eq!(status_with(&server, "Upgrade", "WebSocket").await, 101);
}

#[tokio::test]
async fn a_plain_request_is_told_that_this_is_a_websocket() {
    let server = Server::start().await;
    let response = Request::get(PATH).send(&server.address).await;
    assert_eq!(response.status, 426);
    assert_eq!(response.header("upgrade"), Some("websocket"));
    assert!(response.body.contains("websocket"), "{}", response.body);
}

#[tokio::test]
async fn another_version_of_the_websocket_protocol_is_told_which_is_spoken() {
    let server = Server::start().await;
    let response = Request::upgrade().with("Sec-WebSocket-Version", "8").send(&server.address).await;
    assert_eq!(response.status, 426);
    assert_eq!(response.header("sec-websocket-version"), Some("13"));
}

#[tokio::test]
async fn a_key_that_is_none_is_a_bad_request() {
    let server = Server::start().await;
    assert_eq!(status_with(&server, "Sec-WebSocket-Key", "short").await, 400);
    assert_eq!(status_with(&server, "Sec-WebSocket-Key", "").await, 400);
}

#[tokio::test]
async fn a_page_of_another_origin_is_told_why_it_may_not() {
    let server = Server::start().await;
    for origin in ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1"] {
        let response = Request::upgrade().with("Origin", origin).send(&server.address).await;
        assert_eq!(response.status, 403, "{origin}");
        assert!(response.body.contains("origin"), "{}", response.body);
    }
}

#[tokio::test]
async fn the_servers_own_pages_and_programs_without_an_origin_may_connect() {
    let server = Server::start().await;
    assert_eq!(status_with(&server, "Origin", &format!("http://{}", server.address)).await, 101);
    assert_eq!(Request::upgrade().send(&server.address).await.status, 101);
}

#[tokio::test]
async fn an_allowed_origin_may_connect_and_others_still_not() {
    let origins = OriginPolicy::SameAnd(vec!["https://good.example".to_owned()]);
    let server = Server::with(Settings::default().with(|settings| settings.origins = origins)).await;
    assert_eq!(status_with(&server, "Origin", "https://good.example").await, 101);
    assert_eq!(status_with(&server, "Origin", "https://evil.example").await, 403);
    let open = Server::with(Settings::default().with(|settings| settings.origins = OriginPolicy::Any)).await;
    assert_eq!(status_with(&open, "Origin", "https://evil.example").await, 101);
}

#[tokio::test]
async fn a_connection_too_many_is_told_to_come_later_and_let_in_once_one_is_gone() {
    let server = Server::with(Settings::default().with(|settings| settings.connections = 2)).await;
    let (_owner, uuid) = open_room(&server.address).await;
    let mut follower = follow(&server.address, &uuid).await;
    let response = Request::upgrade().send(&server.address).await;
    assert_eq!(response.status, 503);
    assert!(response.body.contains("later"), "{}", response.body);

    follower.send(rtbroadcaster_tests::message::close(&uuid)).await;
    follower.rest().await;
    drop(follower);
    rtbroadcaster_tests::within("a free place", async {
        while Request::upgrade().send(&server.address).await.status != 101 {}
    })
    .await;
}

#[tokio::test]
async fn a_path_where_nothing_is_is_not_found() {
    let server = Server::start().await;
    for path in ["/", "/other", "/broadcasting/deeper"] {
        assert_eq!(Request::get(path).send(&server.address).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_query_changes_nothing() {
    let server = Server::start().await;
    let mut client = Client::connect_at(&server.address, "/broadcasting?uuid=x&lang=en").await;
    client.sync().await;
}

#[tokio::test]
async fn a_socket_that_never_says_a_word_is_closed() {
    let server = Server::with_limits(|limits| limits.handshake_timeout_ms = 50).await;
    let mut client = Client::connect(&server.address).await;
    assert_eq!(client.closed().await, CloseCode::HandshakeTimeout.value());
}

#[tokio::test]
async fn talking_without_joining_does_not_keep_a_socket_open() {
    let server = Server::with_limits(|limits| limits.handshake_timeout_ms = 1_000).await;
    let mut client = Client::connect(&server.address).await;
    client.sync().await;
    client.send("{}").await;
    let (messages, code) = client.rest().await;
    assert_eq!(messages.len(), 1);
    assert_eq!(code, CloseCode::HandshakeTimeout.value());
}

#[tokio::test]
async fn the_handshake_timeout_is_over_for_those_who_joined() {
    let server = Server::with_limits(|limits| limits.handshake_timeout_ms = 1_000).await;
    let (mut owner, _uuid) = open_room(&server.address).await;
    let mut silent = Client::connect(&server.address).await;
    assert_eq!(silent.closed().await, CloseCode::HandshakeTimeout.value());
    owner.hears_nothing().await;
}

#[tokio::test]
async fn half_a_request_is_cut_off_and_costs_the_others_nothing() {
    let program = Program::start(&["--handshake-timeout-ms", "1000"]).await;
    let mut half = RawSocket::connect(&program.address).await;
    half.send_bytes(b"GET /broadcasting HTTP/1.1\r\nHost: x\r\nUpgra").await;
    let (mut owner, _uuid) = open_room(&program.address).await;
    half.ended().await;
    owner.hears_nothing().await;
}

#[tokio::test]
async fn the_program_says_that_it_is_well() {
    let program = Program::start(&[]).await;
    let response = Request::get("/healthz").send(&program.address).await;
    assert_eq!((response.status, response.body.as_str()), (200, "ok\n"));
}

#[tokio::test]
async fn a_tcp_connection_that_sends_no_request_is_cut_off() {
    let program = Program::start(&["--handshake-timeout-ms", "1000"]).await;
    let mut nothing = RawSocket::connect(&program.address).await;
    // The beginning of HTTP/2's preface, for which some servers wait without a limit.
    let mut one_letter = RawSocket::connect(&program.address).await;
    one_letter.send_bytes(b"P").await;
    nothing.ended().await;
    one_letter.ended().await;
}
