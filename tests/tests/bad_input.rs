//! Bad input gets an answer and costs no one else anything: in each test another room still works.

use rtbroadcaster_protocol::{CloseCode, Limits};
use rtbroadcaster_tests::{Client, Opcode, RawSocket, Server, Witness, follow, message, open_room};
use serde_json::json;

const TOO_LARGE: u16 = 1009;
const NOT_UTF8: u16 = 1007;
const PROTOCOL_ERROR: u16 = 1002;

/// A server and a room that must not notice anything.
async fn watched() -> (Server, Witness) {
    let server = Server::start().await;
    let witness = Witness::start(&server.address).await;
    (server, witness)
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_the_connection_lives_on() {
    let (server, mut witness) = watched().await;
    let cases = [
        ("{", "malformed"),
        ("}", "malformed"),
        ("hello", "malformed"),
        ("[1]", "malformed"),
        ("\"text\"", "malformed"),
        ("null", "malformed"),
        ("\u{0}\u{1}\u{7f}", "malformed"),
        (r#"{"status":{"value":1}"#, "malformed"),
        (r#"{"status":{"value":1},}"#, "malformed"),
        (r#"{"status":1}"#, "malformed"),
        (r#"{"status":"3"}"#, "malformed"),
        (r#"{"status":{}}"#, "malformed"),
        (r#"{"status":{"value":"1"}}"#, "malformed"),
        (r#"{"status":{"value":1.5}}"#, "malformed"),
        (r#"{"status":{"value":-1}}"#, "malformed"),
        (r#"{"status":{"value":2},"uuid":7}"#, "malformed"),
        (r#"{"status":{"value":3},"funcKey":["f"]}"#, "malformed"),
        (r#"{"status":{"value":3},"funcKey":"f","funcParams":"x"}"#, "malformed"),
        (r#"{"status":{"value":3},"funcKey":"f","funcParams":{}}"#, "malformed"),
        (r#"{"status":{"value":3},"funcKey":"f","stateMessage":"true"}"#, "malformed"),
        (r#"{"status":{"value":3},"funcKey":"f","stateMessage":1}"#, "malformed"),
        (r#"{"status":{"value":3}}"#, "malformed"),
        (r#"{"status":{"value":1},"v":"2"}"#, "malformed"),
        (r#"{"ping":"x"}"#, "unknown_status"),
        (r#"{"status":{"value":0}}"#, "unknown_status"),
        (r#"{"status":{"value":5}}"#, "unknown_status"),
        (r#"{"status":{"value":18446744073709551615}}"#, "unknown_status"),
        ("{}", "unknown_status"),
        (r#"{"funcKey":""}"#, "unknown_status"),
    ];
    let (mut owner, uuid) = open_room(&server.address).await;
    let mut follower = follow(&server.address, &uuid).await;
    let mut outside = Client::connect(&server.address).await;
    for (input, code) in cases {
        for client in [&mut owner, &mut follower, &mut outside] {
            client.send(input).await;
            client.is_refused(code).await;
        }
    }
    let action = message::action(&uuid, "f", &json!([]));
    owner.send(&action).await;
    follower.hears(&action).await;
    outside.send(message::join(&uuid)).await;
    outside.hears(&message::connected(&uuid)).await;
    witness.still_works().await;
}

#[tokio::test]
async fn a_refusal_names_the_room_to_those_who_are_in_one() {
    let (server, _witness) = watched().await;
    let (mut owner, uuid) = open_room(&server.address).await;
    owner.send("{}").await;
    assert_eq!(owner.is_refused("unknown_status").await["uuid"], uuid);
}

#[tokio::test]
async fn what_stands_before_a_syntax_error_in_its_frame_is_taken() {
    let (server, mut witness) = watched().await;
    let (mut owner, uuid) = open_room(&server.address).await;
    let mut follower = follow(&server.address, &uuid).await;
    let good = message::action(&uuid, "good", &json!([]));
    owner.send(format!("{good}\n{{oops}}\n{}", message::action(&uuid, "lost", &json!([])))).await;
    owner.is_refused("malformed").await;
    follower.hears(&good).await;
    owner.hears_nothing().await;
    follower.hears_nothing().await;
    witness.still_works().await;
}

#[tokio::test]
async fn a_faulty_message_does_not_cost_the_others_of_its_frame() {
    let (server, _witness) = watched().await;
    let (mut owner, uuid) = open_room(&server.address).await;
    let mut follower = follow(&server.address, &uuid).await;
    let (first, second) = (message::action(&uuid, "a", &json!([])), message::action(&uuid, "b", &json!([])));
    owner.send(format!(r#"{first}{{"status":{{"value":9}}}}{second}"#)).await;
    owner.is_refused("unknown_status").await;
    follower.hears(&first).await;
    follower.hears(&second).await;
}

#[tokio::test]
async fn params_nested_deeper_than_any_stack_are_refused_and_do_no_harm() {
    let (server, mut witness) = watched().await;
    let (mut owner, uuid) = open_room(&server.address).await;
    let mut follower = follow(&server.address, &uuid).await;
    let nested = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let deep = |params: &str| format!(r#"{{"funcKey":"deep","funcParams":{params}}}"#);
    owner.send(deep(&nested(20_000))).await;
    owner.is_refused("params_too_deep").await;
    let allowed = nested(Limits::default().params_depth);
    owner.send(deep(&allowed)).await;
    let whole = |params: &str| {
        format!(
            r#"{{"uuid":"{uuid}","status":{{"value":3,"text":"connected"}},"funcKey":"deep","funcParams":{params},"stateMessage":false}}"#
        )
    };
    let heard = follower.text().await;
    assert_eq!(heard, whole(&allowed));
    owner.send(format!(r#"{{"funcKey":"deep","funcParams":{}"#, "[".repeat(20_000))).await;
    owner.is_refused("malformed").await;
    owner.send(r#"{"funcKey":"deep"}"#).await;
    assert_eq!(follower.text().await, whole("[]"));
    witness.still_works().await;
}

#[tokio::test]
async fn bytes_that_are_not_utf8_close_with_1007() {
    let (server, mut witness) = watched().await;
    let mut client = Client::connect(&server.address).await;
    client.send_binary([0xff, 0xfe, 0x00, 0x80]).await;
    assert_eq!(client.closed().await, NOT_UTF8);

    let mut raw = RawSocket::upgrade(&server.address).await;
    raw.send_frame(Opcode::Text, true, b"{\"funcKey\":\"\xc3\x28\"}").await;
    assert_eq!(raw.closed().await, NOT_UTF8);
    witness.still_works().await;
}

#[tokio::test]
async fn a_frame_of_10_mb_closes_with_1009() {
    let (server, mut witness) = watched().await;
    let mut raw = RawSocket::upgrade(&server.address).await;
    raw.send_frame(Opcode::Text, true, &vec![b' '; 10_000_000]).await;
    assert_eq!(raw.closed().await, TOO_LARGE);
    witness.still_works().await;
}

#[tokio::test]
async fn a_message_of_just_the_limit_passes_and_one_byte_more_closes_with_1009() {
    let (server, mut witness) = watched().await;
    let (mut owner, uuid) = open_room(&server.address).await;
    let mut follower = follow(&server.address, &uuid).await;
    let frame = |bytes: usize| {
        let padding = bytes - r#"{"funcKey":"f","funcParams":[""]}"#.len();
        format!(r#"{{"funcKey":"f","funcParams":["{}"]}}"#, "x".repeat(padding))
    };
    let limit = Limits::default().message_bytes;
    owner.send(frame(limit)).await;
    assert!(follower.text().await.len() > limit);
    owner.send(frame(limit + 1)).await;
    assert_eq!(owner.closed().await, TOO_LARGE);
    follower.hears_nothing().await;
    witness.still_works().await;
}

#[tokio::test]
async fn fragments_are_one_message_and_count_together() {
    let (server, mut witness) = watched().await;
    let mut raw = RawSocket::upgrade(&server.address).await;
    raw.send_frame(Opcode::Text, false, br#"{"status":"#).await;
    raw.send_frame(Opcode::Ping, true, b"between").await;
    raw.send_frame(Opcode::Continuation, true, br#"{"value":1}}"#).await;
    assert_eq!(raw.frame().await, (Opcode::Pong, b"between".to_vec()));
    assert!(raw.text().await.contains("connected"));

    let half = vec![b' '; Limits::default().message_bytes / 2 + 1];
    raw.send_frame(Opcode::Text, false, &half).await;
    raw.send_frame(Opcode::Continuation, false, &half).await;
    assert_eq!(raw.closed().await, TOO_LARGE);
    witness.still_works().await;
}

#[tokio::test]
async fn frames_that_no_client_may_send_close_with_1002() {
    let (server, mut witness) = watched().await;
    let mut unmasked = RawSocket::upgrade(&server.address).await;
    unmasked.send_unmasked_text("{}").await;
    assert_eq!(unmasked.closed().await, PROTOCOL_ERROR);

    let mut lone_continuation = RawSocket::upgrade(&server.address).await;
    lone_continuation.send_frame(Opcode::Continuation, true, b"{}").await;
    assert_eq!(lone_continuation.closed().await, PROTOCOL_ERROR);

    let mut long_ping = RawSocket::upgrade(&server.address).await;
    long_ping.send_frame(Opcode::Ping, true, &[0; 126]).await;
    assert_eq!(long_ping.closed().await, PROTOCOL_ERROR);

    let mut junk = RawSocket::upgrade(&server.address).await;
    junk.send_bytes(&[0xff; 64]).await;
    assert_eq!(junk.closed().await, PROTOCOL_ERROR);
    witness.still_works().await;
}

/// The server ends only its own side. If it gave up the whole connection because the client does
/// not answer the close, the client's later bytes would cause a reset.
#[tokio::test]
async fn after_a_fault_the_server_ends_its_side_without_waiting_for_the_client() {
    let (server, mut witness) = watched().await;
    let faults: [(Opcode, &[u8], u16); 3] = [
        (Opcode::Binary, &[0xff], NOT_UTF8),
        (Opcode::Text, &[b' '; 100_000], TOO_LARGE),
        (Opcode::Ping, &[0; 126], PROTOCOL_ERROR),
    ];
    for (opcode, payload, code) in faults {
        let mut raw = RawSocket::upgrade(&server.address).await;
        raw.send_frame(opcode, true, payload).await;
        assert_eq!(raw.closed().await, code);
        assert!(raw.rest().await.is_empty(), "the close {code} is the last that is said");
        for _ in 0..2 {
            raw.send_text("{}").await;
            witness.still_works().await;
        }
    }
}

#[tokio::test]
async fn an_unknown_or_malformed_uuid_is_told_so_and_closed() {
    let (server, mut witness) = watched().await;
    let uuids = [
        "f63ca67e-69bb-4a16-a71f-86a87acbe0b5",
        "00000000-0000-0000-0000-000000000000",
        "63ca67e-69bb-4a16-a71f-86a87acbe0b5",
        "f63ca67e-69bb-4a16-a71f-86a87acbe0b5&lang=en",
        "nonsense",
        "",
    ];
    for uuid in uuids {
        let mut client = Client::connect(&server.address).await;
        client.send(message::join(uuid)).await;
        client.is_refused("unknown_room").await;
        assert_eq!(client.closed().await, CloseCode::UnknownRoom.value(), "{uuid}");
    }
    let mut without = Client::connect(&server.address).await;
    without.send(r#"{"status":{"value":2}}"#).await;
    without.is_refused("unknown_room").await;
    assert_eq!(without.closed().await, CloseCode::UnknownRoom.value());
    witness.still_works().await;
}

#[tokio::test]
async fn a_connection_is_in_one_room_for_good() {
    let (server, mut witness) = watched().await;
    let (mut owner, uuid) = open_room(&server.address).await;
    let mut follower = follow(&server.address, &uuid).await;
    let (_other_owner, other) = open_room(&server.address).await;
    let rooms = server.manager.rooms();
    for attempt in [message::create(), message::join(&other), message::join("nonsense")] {
        for client in [&mut owner, &mut follower] {
            client.send(&attempt).await;
            client.is_refused("already_in_room").await;
        }
    }
    owner.send(message::join(&uuid)).await;
    owner.is_refused("already_in_room").await;
    assert_eq!(server.manager.rooms(), rooms);

    let action = message::action(&uuid, "f", &json!([]));
    owner.send(&action).await;
    follower.hears(&action).await;
    witness.still_works().await;
}

#[tokio::test]
async fn a_followers_actions_are_refused_and_reach_nobody() {
    let (server, mut witness) = watched().await;
    let (mut owner, uuid) = open_room(&server.address).await;
    let mut follower = follow(&server.address, &uuid).await;
    let mut other = follow(&server.address, &uuid).await;
    follower.send(message::state(&uuid, "f", &json!([]))).await;
    follower.is_refused("not_owner").await;
    follower.send(json!({"clear": "f"})).await;
    follower.is_refused("not_owner").await;
    for client in [&mut owner, &mut follower, &mut other] {
        client.hears_nothing().await;
    }
    let mut late = follow(&server.address, &uuid).await;
    late.hears_nothing().await;
    witness.still_works().await;
}

#[tokio::test]
async fn actions_and_close_before_joining_are_refused_and_joining_is_still_possible() {
    let (server, mut witness) = watched().await;
    let (_owner, uuid) = open_room(&server.address).await;
    let mut client = Client::connect(&server.address).await;
    for attempt in [message::action(&uuid, "f", &json!([])), message::close(&uuid), json!({"clear": "f"})] {
        client.send(attempt).await;
        client.is_refused("not_in_room").await;
    }
    client.send(message::join(&uuid)).await;
    client.hears(&message::connected(&uuid)).await;
    witness.still_works().await;
}
