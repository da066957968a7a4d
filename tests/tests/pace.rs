//! An owner that is too fast is slowed down, over real sockets: nothing is lost, and no one else
//! waits.

use rtbroadcaster_tests::{Edge, Room, Server, message, open_room, within};
use serde_json::json;

const ACTIONS: u64 = 14;

/// A server that allows an owner only a few actions per second.
async fn server() -> Server {
    Server::with_limits(|limits| limits.owner_actions_per_second = 10).await
}

fn numbered(ids: std::ops::RangeInclusive<u64>) -> String {
    ids.map(|id| message::numbered(id, "act").to_string()).collect()
}

#[tokio::test]
async fn an_owner_that_is_too_fast_is_answered_piece_by_piece_and_loses_nothing() {
    let server = server().await;
    let mut room = Room::open(&server.address).await;
    let mut follower = room.join_synced(0).await;
    room.owner.send(numbered(1..=ACTIONS)).await;
    // Without the limit, one answer would acknowledge the whole frame.
    room.owner.hears(&json!({"ack": 11, "seq": 11})).await;
    let mut acknowledged = 11;
    while acknowledged < ACTIONS {
        let answer = room.owner.next().await;
        assert_eq!(answer["ack"], answer["seq"], "{answer}");
        acknowledged = answer["ack"].as_u64().unwrap();
    }
    for seq in 1..=ACTIONS {
        follower.hears(&json!({"seq": seq, "funcKey": "act"})).await;
    }
    room.owner.sync().await;
}

#[tokio::test]
async fn nobody_waits_for_an_owner_that_is_too_fast() {
    let server = server().await;
    let mut room = Room::open(&server.address).await;
    for _ in 0..20 {
        room.owner.send(numbered(1..=ACTIONS)).await;
    }
    room.owner.hears(&json!({"ack": 11, "seq": 11})).await;
    let _follower = room.join().await;
    let (mut other, _uuid) = open_room(&server.address).await;
    other.sync().await;
}

#[tokio::test]
async fn a_client_of_the_original_is_slowed_down_as_well_and_its_last_word_counts() {
    let server = server().await;
    let (mut owner, uuid) = open_room(&server.address).await;
    let mut follower = rtbroadcaster_tests::follow(&server.address, &uuid).await;
    let actions: String =
        (1..=ACTIONS).map(|n| message::action(&uuid, "act", &json!([n])).to_string()).collect();
    owner.send(format!("{actions}{}", message::close(&uuid))).await;
    let (told, _) = owner.rest().await;
    assert_eq!(told, [message::not_connected(&uuid)]);
    let (heard, _) = follower.rest().await;
    let params: Vec<_> =
        heard.iter().filter(|heard| heard["funcKey"] == "act").map(|heard| &heard["funcParams"][0]).collect();
    assert_eq!(params, (1..=ACTIONS).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_post_too_many_is_refused_as_a_whole_and_told_when_it_may_be_sent_again() {
    let server = server().await;
    let room = Edge::open(&server.address).await;
    let lines = format!("{}\n", json!({"funcKey": "act"})).repeat(30);
    let post = room.post_lines(&lines).with("Idempotency-Key", "script:1");
    assert_eq!(room.send(&post).await.status, 200);
    // A post that comes too soon is not accepted, and may be sent again unchanged.
    let next = room.post(&json!({"funcKey": "next"})).with("Idempotency-Key", "script:31");
    let refused = room.send(&next).await;
    let error = refused.is_refused(429, "rate_limited");
    assert!(matches!(refused.header("retry-after"), Some("1" | "2")), "{}", refused.head);
    assert!((1..=2_000).contains(&error["retryAfterMs"].as_u64().unwrap()), "{error}");
    let taken = within("the post to be taken", async {
        loop {
            let response = room.send(&next).await;
            if response.status != 429 {
                return response;
            }
        }
    })
    .await;
    assert_eq!(taken.json(), json!({"seq": 31, "id": 31}));
}
