//! Each limit holds, is reported, and costs only the client that reaches it.

use rtbroadcaster::Limits;
use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{
    Client, Edge, Opcode, RawSocket, Replica, Request, Room, Server, eventually, follow, message, open_room,
    within,
};
use serde_json::json;
use tokio::task::yield_now;

/// Several times more than the kernel buffers for a connection that is not read.
const FLOOD_BYTES: usize = 32 * 1024 * 1024;
const LARGE_BYTES: usize = 60 * 1024;
/// How many bytes a slow reader takes at a time.
const STEP_BYTES: usize = 8 * 1024;

/// A ring that is smaller than the flood, and an owner without a rate limit.
fn for_a_flood(limits: &mut Limits) {
    limits.ring_actions = 8;
    limits.owner_bytes_per_second = u64::MAX;
}

/// A follower that does not read, and an owner that has sent far more than the network holds.
async fn stuck_follower(server: &Server) -> (RawSocket, Room) {
    let mut room = Room::open(&server.address).await;
    let mut stuck = RawSocket::upgrade_narrow(&server.address).await;
    stuck.send_text(message::session_join(&room.uuid)).await;
    assert!(stuck.text().await.contains("connected"));
    flood(&mut room).await;
    (stuck, room)
}

async fn flood(room: &mut Room) {
    let large = "x".repeat(LARGE_BYTES);
    for _ in 0..FLOOD_BYTES / LARGE_BYTES {
        room.owner.send(json!({"funcKey": "large", "funcParams": [large]})).await;
    }
    room.owner.sync().await;
}

async fn is_refused_and_closed(client: &mut Client, code: &str) {
    client.is_refused(code).await;
    assert_eq!(client.closed().await, CloseCode::Overloaded.value());
}

#[tokio::test]
async fn a_room_too_many_is_refused_until_one_is_closed() {
    let server = Server::with_limits(|limits| limits.rooms = 2).await;
    let (mut owner, uuid) = open_room(&server.address).await;
    let (_other, _) = open_room(&server.address).await;
    for create in [message::create(), message::session_create("s")] {
        let mut client = Client::connect(&server.address).await;
        client.send(create).await;
        is_refused_and_closed(&mut client, "too_many_rooms").await;
    }
    owner.send(message::close(&uuid)).await;
    owner.rest().await;
    open_room(&server.address).await;
}

#[tokio::test]
async fn a_follower_too_many_is_refused_until_one_has_left() {
    let server = Server::with_limits(|limits| limits.followers_per_room = 2).await;
    let (_owner, uuid) = open_room(&server.address).await;
    let mut leaving = follow(&server.address, &uuid).await;
    let _staying = follow(&server.address, &uuid).await;
    let mut refused = Client::connect(&server.address).await;
    refused.send(message::join(&uuid)).await;
    is_refused_and_closed(&mut refused, "room_full").await;
    leaving.send(message::close(&uuid)).await;
    leaving.rest().await;
    follow(&server.address, &uuid).await;
}

#[tokio::test]
async fn the_owner_is_not_counted_as_a_follower() {
    let server = Server::with_limits(|limits| limits.followers_per_room = 1).await;
    let room = Room::open(&server.address).await;
    let _follower = room.join_synced(0).await;
    let mut owner = Client::connect(&server.address).await;
    owner.send(message::session_claim(&room.uuid, &room.key, "first")).await;
    assert_eq!(owner.next().await["epoch"], 2);
}

#[tokio::test]
async fn a_slot_too_many_is_refused_and_those_there_can_still_be_written_and_cleared() {
    let server = Server::with_limits(|limits| limits.slots_per_room = 2).await;
    let mut room = Room::open(&server.address).await;
    let mut follower = room.join_synced(0).await;
    room.owner.send(r#"{"id":1,"funcKey":"f","slot":"a"}{"id":2,"funcKey":"f","slot":"b"}"#).await;
    room.owner.hears(&json!({"ack": 2, "seq": 2})).await;
    room.owner.send(r#"{"id":3,"funcKey":"f","slot":"c"}"#).await;
    assert_eq!(room.owner.is_refused("too_many_slots").await["error"]["id"], 3);
    room.owner
        .send(r#"{"id":4,"funcKey":"f","slot":"a"}{"id":5,"clear":"b"}{"id":6,"funcKey":"f","slot":"c"}"#)
        .await;
    room.owner.hears(&json!({"ack": 6, "seq": 5})).await;
    for seq in 1..=5 {
        assert_eq!(follower.next().await["seq"], seq);
    }
    follower.hears_nothing().await;
}

#[tokio::test]
async fn the_bytes_of_all_state_messages_together_are_bounded() {
    let server = Server::with_limits(|limits| limits.slot_bytes_per_room = 1_000).await;
    let mut room = Room::open(&server.address).await;
    let state =
        |slot: &str, bytes: usize| json!({"funcKey": "f", "slot": slot, "funcParams": ["x".repeat(bytes)]});
    room.owner.send(state("a", 600)).await;
    room.owner.send(state("b", 600)).await;
    room.owner.is_refused("state_too_large").await;
    room.owner.send(state("a", 100)).await;
    room.owner.send(state("b", 600)).await;
    room.owner.hears_nothing().await;
    // An action that is not retained does not count.
    room.owner.send(json!({"funcKey": "f", "funcParams": ["x".repeat(5_000)]})).await;
    room.owner.hears_nothing().await;
}

#[tokio::test]
async fn a_follower_that_stops_reading_falls_off_the_ring_and_is_given_the_state() {
    let server = Server::with_limits(for_a_flood).await;
    let mut room = Room::open(&server.address).await;
    let mut stuck = RawSocket::upgrade_narrow(&server.address).await;
    stuck.send_text(message::session_join(&room.uuid)).await;
    assert!(stuck.text().await.contains("connected"));
    room.owner.send(r#"{"funcKey":"page","funcParams":["old"],"stateMessage":true}"#).await;
    flood(&mut room).await;
    room.owner.send(r#"{"id":1,"funcKey":"page","funcParams":["new"],"stateMessage":true}"#).await;
    let head = room.owner.next().await["seq"].as_u64().unwrap();

    let mut replica = Replica::default();
    while replica.seq < head {
        for message in stuck.text().await.lines() {
            replica.apply(&serde_json::from_str(message).unwrap());
        }
    }
    assert!(replica.resyncs > 0);
    assert!(replica.actions < head, "all {head} actions came");
    assert_eq!(replica.slots["page"], json!(["new"]));
    room.owner.send(r#"{"funcKey":"live"}"#).await;
    assert_eq!(stuck.text().await, format!(r#"{{"seq":{},"funcKey":"live"}}"#, head + 1));
}

#[tokio::test]
async fn a_follower_that_does_not_read_costs_the_others_nothing() {
    let server = Server::with_limits(for_a_flood).await;
    let (_stuck, mut room) = stuck_follower(&server).await;
    let head = (FLOOD_BYTES / LARGE_BYTES) as u64;
    let mut late = room.join_synced(head).await;
    for id in 1..=20 {
        room.act(id, id).await;
        late.hears(&json!({"seq": head + id, "funcKey": "act"})).await;
    }
}

#[tokio::test]
async fn a_follower_that_takes_nothing_for_too_long_makes_room_for_another() {
    let server = Server::with_limits(|limits| {
        limits.followers_per_room = 1;
        limits.stall_timeout_ms = 50;
        for_a_flood(limits);
    })
    .await;
    let (_stuck, room) = stuck_follower(&server).await;
    within("a free place in the room", async { while !has_a_free_place(&room).await {} }).await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_and_can_be_sent_no_close_code() {
    let server = Server::with_limits(|limits| {
        limits.stall_timeout_ms = 50;
        for_a_flood(limits);
    })
    .await;
    let (mut stuck, _room) = stuck_follower(&server).await;
    eventually(&1, async || {
        yield_now().await;
        server.manager.connected()
    })
    .await;
    let rest = stuck.until_end().await;
    let close = CloseCode::TooSlow.value().to_be_bytes();
    assert!(!rest.windows(2).any(|bytes| bytes == close), "{} bytes", rest.len());
}

/// A follower that has read everything, and has a small receive buffer.
async fn narrow_follower(room: &Room) -> RawSocket {
    let mut follower = RawSocket::upgrade_narrow(&room.address).await;
    follower.send_text(message::session_join(&room.uuid)).await;
    while !follower.text().await.contains("synced") {}
    follower
}

async fn has_a_free_place(room: &Room) -> bool {
    let mut client = Client::connect(&room.address).await;
    client.send(message::session_join(&room.uuid)).await;
    client.next().await["status"]["value"] == 3
}

/// The slow follower reads one large frame in small steps. It has not read all of it when the
/// server closes another follower, which reads nothing of the same frame.
#[tokio::test]
async fn a_follower_that_takes_a_little_at_a_time_is_slow_and_not_gone() {
    const VERY_LARGE_BYTES: usize = 2 * 1024 * 1024;
    let server = Server::with_limits(|limits| {
        limits.followers_per_room = 2;
        limits.message_bytes = 2 * VERY_LARGE_BYTES;
        limits.ping_interval_ms = 10;
        limits.stall_timeout_ms = 1_000;
    })
    .await;
    let elsewhere = Room::open(&server.address).await;
    let mut metronome = narrow_follower(&elsewhere).await;
    let mut room = Room::open(&server.address).await;
    let (mut slow, mut stuck) = (narrow_follower(&room).await, narrow_follower(&room).await);
    let large = "x".repeat(VERY_LARGE_BYTES);
    room.owner.send(json!({"funcKey": "large", "funcParams": [large]})).await;
    let expected = format!(r#"{{"seq":1,"funcKey":"large","funcParams":["{large}"]}}"#);
    let (mut left, mut taken) = (slow.text_length().await, Vec::new());
    while !has_a_free_place(&room).await {
        // One step for each of the server's pings, which come far more often than a client must
        // read.
        assert_eq!(metronome.frame().await.0, Opcode::Ping);
        taken.extend(slow.read_bytes(STEP_BYTES).await);
        left -= STEP_BYTES;
    }
    let (rest, code) = tokio::join!(slow.read_bytes(left), stuck.closed());
    assert_eq!(code, CloseCode::TooSlow.value());
    taken.extend(rest);
    assert!(taken == expected.as_bytes());
    room.owner.send(r#"{"funcKey":"after"}"#).await;
    assert_eq!(slow.text().await, r#"{"seq":2,"funcKey":"after"}"#);
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_closed() {
    let server = Server::with_limits(|limits| {
        limits.ping_interval_ms = 20;
        limits.idle_timeout_ms = 200;
    })
    .await;
    let (_owner, uuid) = open_room(&server.address).await;
    let mut silent = RawSocket::upgrade(&server.address).await;
    silent.send_text(message::join(&uuid)).await;
    assert!(silent.text().await.contains("connected"));
    assert_eq!(silent.frame().await.0, Opcode::Ping);
    assert_eq!(silent.closed().await, CloseCode::IdleTimeout.value());
}

#[tokio::test]
async fn a_client_that_answers_pings_is_never_idle() {
    let server = Server::with_limits(|limits| {
        limits.ping_interval_ms = 50;
        limits.idle_timeout_ms = 2_000;
    })
    .await;
    let (_owner, uuid) = open_room(&server.address).await;
    let mut quiet = RawSocket::upgrade(&server.address).await;
    quiet.send_text(message::join(&uuid)).await;
    assert!(quiet.text().await.contains("connected"));
    // Together this takes longer than the idle timeout.
    for _ in 0..50 {
        let (opcode, payload) = quiet.frame().await;
        assert_eq!(opcode, Opcode::Ping);
        quiet.send_frame(Opcode::Pong, true, &payload).await;
    }
    quiet.send_text(r#"{"ping":1}"#).await;
    assert_eq!(quiet.text().await, r#"{"pong":1}"#);
}

#[tokio::test]
async fn a_websocket_ping_is_answered_with_its_payload() {
    let server = Server::start().await;
    let mut client = RawSocket::upgrade(&server.address).await;
    client.send_frame(Opcode::Ping, true, b"are you there?").await;
    assert_eq!(client.frame().await, (Opcode::Pong, b"are you there?".to_vec()));
}

#[tokio::test]
async fn a_room_whose_owner_does_not_come_back_is_closed() {
    let server = Server::with_limits(|limits| limits.owner_grace_ms = 1).await;
    let (owner, uuid) = open_room(&server.address).await;
    let mut follower = follow(&server.address, &uuid).await;
    drop(owner);
    follower.hears(&message::not_connected(&uuid)).await;
    assert_eq!(follower.closed().await, CloseCode::RoomClosed.value());
    let mut late = Client::connect(&server.address).await;
    late.send(message::join(&uuid)).await;
    late.is_refused("unknown_room").await;
    assert_eq!(server.manager.rooms(), 0);
}

#[tokio::test]
async fn a_room_whose_owner_came_back_outlives_the_grace_of_others() {
    let server = Server::with_limits(|limits| limits.owner_grace_ms = 1_000).await;
    let room = Room::open(&server.address).await;
    let mut follower = room.join_synced(0).await;
    let Room { uuid, key, owner, .. } = room;
    drop(owner);
    follower.hears(&json!({"owner": "away"})).await;
    let mut owner = Client::connect(&server.address).await;
    owner.send(message::session_claim(&uuid, &key, "first")).await;
    assert_eq!(owner.next().await["epoch"], 2);
    follower.hears(&json!({"owner": "back"})).await;

    // The server closes a room later if its owner leaves later. When it closes this one, the first
    // room's grace would be over too.
    let (other_owner, other) = open_room(&server.address).await;
    let mut other_follower = follow(&server.address, &other).await;
    drop(other_owner);
    other_follower.hears(&message::not_connected(&other)).await;
    owner.sync().await;
    follower.hears_nothing().await;
}

/// An action whose params have this many levels.
fn nested(levels: usize) -> String {
    format!(r#"{{"funcKey":"deep","funcParams":{}{}}}"#, "[".repeat(levels), "]".repeat(levels))
}

fn with_id(id: u64, action: &str) -> String {
    action.replacen('{', &format!(r#"{{"id":{id},"#), 1)
}

#[tokio::test]
async fn params_with_a_level_too_many_are_refused_to_whoever_sends_them() {
    let server = Server::with_limits(|limits| limits.params_depth = 3).await;
    let mut room = Room::open(&server.address).await;
    let mut follower = room.join_synced(0).await;
    room.owner.send(with_id(1, &nested(4))).await;
    let refusal = room.owner.is_refused("params_too_deep").await;
    assert_eq!(refusal["error"]["id"], 1);
    room.owner.send(nested(4)).await;
    assert_eq!(room.owner.is_refused("params_too_deep").await["error"]["id"], json!(null));
    follower.send(nested(4)).await;
    follower.is_refused("params_too_deep").await;
    let (mut original, _) = open_room(&server.address).await;
    original.send(nested(4)).await;
    original.is_refused("params_too_deep").await;
    let edge = Edge::open(&server.address).await;
    let post =
        |text: &str| Request::post(&edge.path("/actions"), "application/json", text).bearing(&edge.key);
    edge.send(&post(&nested(4))).await.is_refused(400, "params_too_deep");
    assert_eq!(edge.send(&post(&nested(3))).await.status, 200);
    room.owner.send(with_id(2, &nested(3))).await;
    assert_eq!(room.owner.next().await, json!({"ack": 2, "seq": 1}));
    assert_eq!(follower.next().await["funcParams"], json!([[[]]]));
}

#[tokio::test]
async fn an_action_without_an_id_that_is_too_large_for_the_room_is_answered_too() {
    let server = Server::with_limits(|limits| limits.slot_bytes_per_room = 100).await;
    let (mut original, uuid) = open_room(&server.address).await;
    let mut room = Room::open(&server.address).await;
    let large = json!(["x".repeat(200)]);
    original.send(message::state(&uuid, "f", &large)).await;
    original.is_refused("state_too_large").await;
    room.owner.send(json!({"funcKey": "f", "funcParams": large, "slot": "s"})).await;
    room.owner.is_refused("state_too_large").await;
}
