//! What one address may do is bounded, says so, and costs no other address anything.

use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{
    Client, Program, RawSocket, Request, Response, Room, follow, message, open_room, within,
};
use serde_json::Value;

/// Clients connect from 127.0.0.1 unless they say otherwise; this is another address of the same machine.
const ELSEWHERE: &str = "127.0.0.2";

async fn upgrade_from(address: &str, own: &str) -> (RawSocket, Response) {
    let mut socket = RawSocket::connect_from(address, own).await;
    let response = Request::upgrade().send_on(&mut socket, address).await;
    (socket, response)
}

/// Upgrades, one after the other, until one is refused.
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
