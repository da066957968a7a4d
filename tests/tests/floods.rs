//! A few bytes can ask for much: floods of messages get few answers, in frames of a limited size.

use rtbroadcaster_tests::{Client, RawSocket, Room, Server, Witness, message, open_room};
use serde_json::{Value, json};

/// The largest frame that the server sends for small messages.
const FRAME_BYTES: usize = 64 * 1024;

/// A server and a room that must not notice anything.
async fn watched() -> (Server, Witness) {
    let server = Server::start().await;
    let witness = Witness::start(&server.address).await;
    (server, witness)
}

#[tokio::test]
async fn a_flood_in_one_frame_is_answered_by_a_few_refusals() {
    let (server, mut witness) = watched().await;
    let (_owner, uuid) = open_room(&server.address).await;
    let empty = "{}".repeat(30_000);
    let clears = r#"{"clear":"a"}"#.repeat(4_000);
    let numbered: String = (1..=2_000).map(|id| message::numbered(id, "f").to_string()).collect();
    let as_owner = [(&empty, "unknown_status")];
    let as_follower = [(&empty, "unknown_status"), (&clears, "not_owner"), (&numbered, "not_owner")];
    let outside = [(&empty, "unknown_status"), (&clears, "not_in_room"), (&numbered, "not_in_room")];
    for (entry, floods) in [
        (Some(message::create()), &as_owner[..]),
        (Some(message::session_create("s")), &as_owner),
        (Some(message::join(&uuid)), &as_follower),
        (Some(message::session_join(&uuid)), &as_follower),
        (None, &outside),
    ] {
        let mut raw = RawSocket::upgrade(&server.address).await;
        if let Some(entry) = entry {
            raw.send_text(entry).await;
        }
        for (flood, code) in floods {
            assert_eq!(refusals(&mut raw, flood).await, few_refusals(code), "{flood:.20}");
        }
    }
    witness.still_works().await;
}

/// Sixteen refusals with a reason, and one for the rest of the frame.
fn few_refusals(code: &str) -> Vec<String> {
    [vec![code.to_owned(); 16], vec!["malformed".to_owned()]].concat()
}

/// The codes of all refusals of a frame. The server's frames must have at most 64 KiB.
async fn refusals(raw: &mut RawSocket, frame: &str) -> Vec<String> {
    raw.send_text(frame).await;
    raw.send_text(r#"{"ping":1}"#).await;
    let mut codes = Vec::new();
    loop {
        let answer = raw.text().await;
        assert!(answer.len() <= FRAME_BYTES, "a frame of {} bytes", answer.len());
        for message in answer.lines() {
            let message: Value = serde_json::from_str(message).expect("the server sends JSON");
            if message == json!({"pong": 1}) {
                return codes;
            }
            if let Some(code) = message["error"]["code"].as_str() {
                codes.push(code.to_owned());
            }
        }
    }
}

/// Each of an owner's numbered actions must be answered, but not all of them in one frame.
#[tokio::test]
async fn a_flood_of_an_owners_numbered_faults_is_answered_in_frames_of_a_bounded_size() {
    let (server, mut witness) = watched().await;
    let mut raw = RawSocket::upgrade(&server.address).await;
    raw.send_text(message::session_create("s")).await;
    let flood: String = (1..=2_000).map(|id| format!(r#"{{"id":{id},"funcKey":7}}"#)).collect();
    assert_eq!(refusals(&mut raw, &flood).await, vec!["malformed"; 2_000]);
    witness.still_works().await;
}

#[tokio::test]
async fn a_flood_of_frames_is_answered_frame_by_frame() {
    let (server, mut witness) = watched().await;
    let mut client = Client::connect(&server.address).await;
    for _ in 0..2_000 {
        client.send("{}").await;
    }
    for _ in 0..2_000 {
        client.is_refused("unknown_status").await;
    }
    client.hears_nothing().await;
    witness.still_works().await;
}

/// A number is no id if the session could never get an answer with it.
#[tokio::test]
async fn ids_start_at_1_and_are_numbers_that_javascript_counts_with() {
    let (server, mut witness) = watched().await;
    let mut room = Room::open(&server.address).await;
    let mut follower = room.join_synced(0).await;
    let largest = (1_u64 << 53) - 1;
    for id in ["0", "9007199254740992", "18446744073709551616", "-1", "1.5", "1e3", "\"1\""] {
        room.owner.send(format!(r#"{{"id":{id},"funcKey":"f"}}"#)).await;
        let refusal = room.owner.is_refused("malformed").await;
        assert!(refusal["error"].get("id").is_none(), "{refusal}");
        room.owner.send(format!(r#"{{"id":{id},"clear":"f"}}"#)).await;
        room.owner.is_refused("malformed").await;
    }
    room.owner.send(message::numbered(largest, "f")).await;
    room.owner.hears(&json!({"ack": largest, "seq": 1})).await;
    follower.hears(&json!({"seq": 1, "funcKey": "f"})).await;
    follower.hears_nothing().await;
    witness.still_works().await;
}
