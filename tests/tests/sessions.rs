//! The session fields: acknowledgements, claims, resuming, and the owner's presence.

use rtbroadcaster_protocol::{CloseCode, Limits};
use rtbroadcaster_tests::{Client, Room, Server, follow, message};
use serde_json::{Value, json};

/// A server and a room with a follower. Owner and follower speak session fields.
async fn pair() -> (Server, Room, Client) {
    let server = Server::start().await;
    let room = Room::open(&server.address).await;
    let follower = room.join_synced(0).await;
    (server, room, follower)
}

/// Claims the room on a new connection. Returns the connection and the answer.
async fn claim(server: &Server, room: &Room, session: &str) -> (Client, Value) {
    let mut client = Client::connect(&server.address).await;
    client.send(message::session_claim(&room.uuid, &room.key, session)).await;
    let reply = client.next().await;
    (client, reply)
}

#[tokio::test]
async fn the_reply_to_create_tells_the_owner_all_that_it_needs() {
    let server = Server::start().await;
    let mut owner = Client::connect(&server.address).await;
    owner.send(message::session_create("first")).await;
    let reply = owner.next().await;
    let limits = Limits::default();
    assert_eq!(reply["status"], json!({"value": 3, "text": "connected"}));
    assert_eq!(
        (&reply["v"], &reply["seq"], &reply["epoch"], &reply["ack"]),
        (&json!(2), &json!(0), &json!(1), &json!(0))
    );
    assert_eq!(reply["limits"]["messageBytes"], limits.message_bytes);
    assert_eq!(reply["limits"]["queueActions"], limits.ring_actions);
    assert_eq!(reply["limits"]["paramsDepth"], limits.params_depth);
    assert_eq!(reply["limits"]["queueBytes"], limits.ring_bytes);
    assert_eq!(reply["limits"]["heartbeat"], limits.heartbeat_ms);
    assert!(reply["ownerKey"].as_str().unwrap().len() >= 32);
}

#[tokio::test]
async fn followers_are_not_told_the_owner_key() {
    let (server, room, _follower) = pair().await;
    let mut late = Client::connect(&server.address).await;
    late.send(message::session_join(&room.uuid)).await;
    let reply = late.text().await;
    assert!(!reply.contains("ownerKey") && !reply.contains(&room.key) && !reply.contains("epoch"), "{reply}");
}

#[tokio::test]
async fn a_newer_version_is_answered_in_ours_and_an_older_one_is_refused() {
    let server = Server::start().await;
    let mut newer = Client::connect(&server.address).await;
    newer.send(r#"{"status":{"value":1},"v":3}"#).await;
    assert_eq!(newer.next().await["v"], 2);
    for version in [0, 1] {
        let mut older = Client::connect(&server.address).await;
        older.send(json!({"status": {"value": 1}, "v": version})).await;
        older.is_refused("unsupported_version").await;
        assert_eq!(older.closed().await, CloseCode::Refused.value());
    }
}

#[tokio::test]
async fn an_action_needs_no_status_and_no_envelope() {
    let (server, mut room, mut follower) = pair().await;
    let mut original = follow(&server.address, &room.uuid).await;
    room.owner.send(r#"{"funcKey":"go"}"#).await;
    follower.hears(&json!({"seq": 1, "funcKey": "go"})).await;
    original.hears(&message::action(&room.uuid, "go", &json!([]))).await;
    room.owner.hears_nothing().await;
}

#[tokio::test]
async fn original_envelopes_of_the_owner_are_rendered_compactly() {
    let (_server, mut room, mut follower) = pair().await;
    room.owner.send(message::action(&room.uuid, "go", &json!([]))).await;
    follower.hears(&json!({"seq": 1, "funcKey": "go"})).await;
    room.owner.send(message::state(&room.uuid, "go", &json!([1]))).await;
    follower.hears(&json!({"seq": 2, "funcKey": "go", "funcParams": [1], "stateMessage": true})).await;
}

#[tokio::test]
async fn actions_in_a_row_are_acknowledged_together() {
    let (_server, mut room, _follower) = pair().await;
    let frame: Vec<_> = (1..=5).map(|id| message::numbered(id, "go").to_string()).collect();
    room.owner.send(frame.join("\n")).await;
    room.owner.hears(&json!({"ack": 5, "seq": 5})).await;
    room.owner.hears_nothing().await;
}

#[tokio::test]
async fn a_run_of_acknowledgements_ends_where_the_seqs_have_a_gap() {
    let (_server, mut room, mut follower) = pair().await;
    let frame = concat!(
        r#"{"id":1,"funcKey":"a"}{"id":2,"funcKey":"b"}"#,
        r#"{"id":3,"funcKey":"refused","funcParams":7}"#,
        r#"{"id":4,"funcKey":"d"}{"funcKey":"unnumbered"}{"id":5,"funcKey":"e"}{"id":6,"clear":"f"}"#
    );
    room.owner.send(frame).await;
    room.owner.hears(&json!({"ack": 2, "seq": 2})).await;
    assert_eq!(room.owner.is_refused("malformed").await["error"]["id"], 3);
    room.owner.hears(&json!({"ack": 4, "seq": 3})).await;
    room.owner.hears(&json!({"ack": 6, "seq": 6})).await;
    for (seq, key) in [(1, "a"), (2, "b"), (3, "d"), (4, "unnumbered"), (5, "e")] {
        follower.hears(&json!({"seq": seq, "funcKey": key})).await;
    }
    follower.hears(&json!({"seq": 6, "clear": "f"})).await;
}

#[tokio::test]
async fn an_action_is_never_taken_twice_within_a_session() {
    let (server, mut room, mut follower) = pair().await;
    room.act(1, 3).await;
    let (mut owner, reply) = claim(&server, &room, "first").await;
    assert_eq!((&reply["ack"], &reply["epoch"], &reply["seq"]), (&json!(3), &json!(2), &json!(3)));
    assert_eq!(reply["ownerKey"], Value::Null);
    for id in 2..=4 {
        owner.send(message::numbered(id, "act")).await;
    }
    owner.hears(&json!({"ack": 4, "seq": 4})).await;
    owner.hears_nothing().await;
    for seq in 1..=4 {
        follower.hears(&json!({"seq": seq, "funcKey": "act"})).await;
    }
    follower.hears_nothing().await;
}

#[tokio::test]
async fn a_refused_action_counts_as_answered_after_a_claim_too() {
    let (server, mut room, _follower) = pair().await;
    room.owner.send(r#"{"id":1,"funcKey":"a","funcParams":"x"}"#).await;
    room.owner.is_refused("malformed").await;
    let (mut owner, reply) = claim(&server, &room, "first").await;
    assert_eq!(reply["ack"], 1);
    owner.send(message::numbered(1, "a")).await;
    owner.hears_nothing().await;
}

#[tokio::test]
async fn another_session_counts_its_own_ids_and_gets_the_snapshot() {
    let (server, mut room, mut follower) = pair().await;
    room.owner.send(r#"{"id":1,"funcKey":"page","funcParams":[7],"stateMessage":true}"#).await;
    room.owner.hears(&json!({"ack": 1, "seq": 1})).await;
    let (mut owner, reply) = claim(&server, &room, "reloaded").await;
    assert_eq!(reply["ack"], 0);
    owner.hears(&json!({"seq": 1, "funcKey": "page", "funcParams": [7], "stateMessage": true})).await;
    owner.hears(&json!({"synced": 1})).await;
    owner.send(message::numbered(1, "act")).await;
    owner.hears(&json!({"ack": 1, "seq": 2})).await;
    assert_eq!(follower.next().await["seq"], 1);
    assert_eq!(follower.next().await["seq"], 2);
}

#[tokio::test]
async fn the_same_session_gets_no_snapshot() {
    let (server, mut room, _follower) = pair().await;
    room.owner.send(r#"{"id":1,"funcKey":"page","stateMessage":true}"#).await;
    room.owner.hears(&json!({"ack": 1, "seq": 1})).await;
    let (mut owner, _reply) = claim(&server, &room, "first").await;
    owner.hears_nothing().await;
}

#[tokio::test]
async fn a_claim_fences_the_former_owner_off() {
    let (server, mut room, mut follower) = pair().await;
    let (mut owner, _reply) = claim(&server, &room, "first").await;
    assert_eq!(room.owner.closed().await, CloseCode::Superseded.value());
    owner.send(message::numbered(1, "act")).await;
    owner.hears(&json!({"ack": 1, "seq": 1})).await;
    // The owner was never away: one connection took over from the other.
    follower.hears(&json!({"seq": 1, "funcKey": "act"})).await;
    follower.hears_nothing().await;
}

#[tokio::test]
async fn a_wrong_owner_key_is_refused_and_its_bearer_not_let_in_as_a_follower() {
    let (server, mut room, mut follower) = pair().await;
    for key in ["", "wrong", &room.key.to_uppercase(), &room.uuid] {
        let mut claimant = Client::connect(&server.address).await;
        claimant.send(message::session_claim(&room.uuid, key, "first")).await;
        claimant.is_refused("wrong_owner_key").await;
        assert_eq!(claimant.closed().await, CloseCode::Refused.value());
    }
    room.act(1, 1).await;
    assert_eq!(follower.next().await["seq"], 1);
}

#[tokio::test]
async fn a_claim_of_a_room_that_is_not_there_is_refused() {
    let (server, mut room, _follower) = pair().await;
    room.owner.send(message::close(&room.uuid)).await;
    room.owner.rest().await;
    let (mut claimant, refusal) = claim(&server, &room, "first").await;
    assert_eq!(refusal["error"]["code"], "unknown_room");
    assert_eq!(claimant.closed().await, CloseCode::UnknownRoom.value());
}

#[tokio::test]
async fn a_follower_cannot_claim_on_its_connection() {
    let (_server, room, mut follower) = pair().await;
    follower.send(message::session_claim(&room.uuid, &room.key, "first")).await;
    follower.is_refused("already_in_room").await;
    follower.hears_nothing().await;
}

#[tokio::test]
async fn followers_are_told_that_the_owner_is_away_and_back() {
    let (server, room, mut follower) = pair().await;
    let mut original = follow(&server.address, &room.uuid).await;
    let Room { uuid, key, owner, .. } = room;
    drop(owner);
    follower.hears(&json!({"owner": "away"})).await;
    let mut late = Client::connect(&server.address).await;
    late.send(message::session_join(&uuid)).await;
    assert_eq!(late.next().await["status"]["value"], 3);
    late.hears(&json!({"synced": 0})).await;
    late.hears(&json!({"owner": "away"})).await;

    let mut owner = Client::connect(&server.address).await;
    owner.send(message::session_claim(&uuid, &key, "first")).await;
    assert_eq!(owner.next().await["epoch"], 2);
    follower.hears(&json!({"owner": "back"})).await;
    late.hears(&json!({"owner": "back"})).await;
    original.hears_nothing().await;
}

#[tokio::test]
async fn state_and_order_outlive_the_owners_absence() {
    let (server, mut room, mut follower) = pair().await;
    room.owner.send(r#"{"id":1,"funcKey":"page","stateMessage":true}"#).await;
    room.owner.hears(&json!({"ack": 1, "seq": 1})).await;
    let page = json!({"seq": 1, "funcKey": "page", "stateMessage": true});
    follower.hears(&page).await;
    let Room { uuid, owner, .. } = room;
    drop(owner);
    follower.hears(&json!({"owner": "away"})).await;
    let mut late = follow(&server.address, &uuid).await;
    late.hears(&message::state(&uuid, "page", &json!([]))).await;
}

#[tokio::test]
async fn a_follower_that_comes_back_gets_just_what_it_missed() {
    let (_server, mut room, _follower) = pair().await;
    room.act(1, 5).await;
    let mut back = room.rejoin(3).await;
    back.hears(&json!({"seq": 4, "funcKey": "act"})).await;
    back.hears(&json!({"seq": 5, "funcKey": "act"})).await;
    back.hears(&json!({"owner": "back"})).await;
    back.hears_nothing().await;
    let mut up_to_date = room.rejoin(5).await;
    up_to_date.hears(&json!({"owner": "back"})).await;
    up_to_date.hears_nothing().await;
    room.act(6, 6).await;
    for client in [&mut back, &mut up_to_date] {
        client.hears(&json!({"seq": 6, "funcKey": "act"})).await;
    }
}

#[tokio::test]
async fn a_follower_that_missed_more_than_the_ring_holds_gets_the_state_instead() {
    let server = Server::with_limits(|limits| limits.ring_actions = 4).await;
    let mut room = Room::open(&server.address).await;
    room.owner.send(r#"{"funcKey":"page","stateMessage":true}"#).await;
    room.act(1, 9).await;
    let mut within_ring = room.rejoin(6).await;
    assert_eq!(within_ring.next().await["seq"], 7);
    let mut off_ring = room.rejoin(5).await;
    off_ring.hears(&json!({"resync": true, "seq": 10})).await;
    off_ring.hears(&json!({"seq": 1, "funcKey": "page", "stateMessage": true})).await;
    off_ring.hears(&json!({"synced": 10})).await;
    off_ring.hears(&json!({"owner": "back"})).await;
    room.act(10, 10).await;
    off_ring.hears(&json!({"seq": 11, "funcKey": "act"})).await;
}

#[tokio::test]
async fn a_since_beyond_the_head_is_a_resync() {
    let (_server, mut room, _follower) = pair().await;
    room.act(1, 2).await;
    for since in [3, 1_000_000] {
        let mut follower = room.rejoin(since).await;
        follower.hears(&json!({"resync": true, "seq": 2})).await;
        follower.hears(&json!({"synced": 2})).await;
    }
}

#[tokio::test]
async fn a_first_join_is_reply_snapshot_and_live_actions_from_the_very_next_seq() {
    let (_server, mut room, _follower) = pair().await;
    room.owner.send(r#"{"funcKey":"a","slot":"one"}{"funcKey":"a","slot":"two"}{"funcKey":"passing"}"#).await;
    room.owner.sync().await;
    let mut late = room.join().await;
    late.hears(&json!({"seq": 1, "funcKey": "a", "stateMessage": true, "slot": "one"})).await;
    late.hears(&json!({"seq": 2, "funcKey": "a", "stateMessage": true, "slot": "two"})).await;
    late.hears(&json!({"synced": 3})).await;
    room.act(1, 1).await;
    late.hears(&json!({"seq": 4, "funcKey": "act"})).await;
}

#[tokio::test]
async fn a_cleared_slot_is_forgotten_and_followers_are_told() {
    let (server, mut room, mut follower) = pair().await;
    room.owner
        .send(r#"{"id":1,"funcKey":"draw","slot":"s"}{"id":2,"clear":"s"}{"id":3,"clear":"never"}"#)
        .await;
    room.owner.hears(&json!({"ack": 3, "seq": 3})).await;
    assert_eq!(follower.next().await["slot"], "s");
    follower.hears(&json!({"seq": 2, "clear": "s"})).await;
    follower.hears(&json!({"seq": 3, "clear": "never"})).await;
    room.join_synced(3).await;
    let mut original = follow(&server.address, &room.uuid).await;
    original.hears_nothing().await;
}

#[tokio::test]
async fn a_ping_gets_a_pong_with_the_same_number() {
    let (server, mut room, mut follower) = pair().await;
    let mut outside = Client::connect(&server.address).await;
    for client in [&mut room.owner, &mut follower, &mut outside] {
        for number in [0, 7, (1_u64 << 53) - 1] {
            client.send(json!({"ping": number})).await;
            client.hears(&json!({"pong": number})).await;
        }
    }
}

#[tokio::test]
async fn everyone_hears_of_the_close_once_and_the_uuid_is_unknown_from_then_on() {
    let (server, mut room, mut follower) = pair().await;
    room.owner.send(message::close(&room.uuid)).await;
    for client in [&mut room.owner, &mut follower] {
        let (messages, code) = client.rest().await;
        assert_eq!(messages, [json!({"status": {"value": 0, "text": "not connected"}})]);
        assert_eq!(code, CloseCode::RoomClosed.value());
    }
    assert_eq!(server.manager.rooms(), 0);
    let mut late = Client::connect(&server.address).await;
    late.send(message::session_join(&room.uuid)).await;
    late.is_refused("unknown_room").await;
}

#[tokio::test]
async fn the_largest_since_there_is_costs_the_room_nothing() {
    let (_server, mut room, mut follower) = pair().await;
    room.act(1, 2).await;
    let mut hostile = room.rejoin((1 << 53) - 1).await;
    hostile.hears(&json!({"resync": true, "seq": 2})).await;
    hostile.hears(&json!({"synced": 2})).await;
    room.act(3, 3).await;
    for seq in 1..=3 {
        follower.hears(&json!({"seq": seq, "funcKey": "act"})).await;
    }
}
