//! Lanes: in random worlds, and over real sockets. `cargo xtask sim --lanes` plays more of the
//! worlds, or one again.

use std::path::PathBuf;

use rtbroadcaster_tests::sim::lanes::Lanes;
use rtbroadcaster_tests::sim::small::{check, seeds_are_always_the_same_run};
use rtbroadcaster_tests::{
    Client, Edge, HOW_MUCH, Program, Request, Room, Scrape, Server, Signer, message, metrics_change,
    seconds_from_now,
};
use serde_json::{Value, json};

/// How many programs every test run plays.
const CASES: u64 = 1_000;

#[test]
fn l1_to_l7_hold() {
    check::<Lanes>(0..CASES).unwrap();
}

#[test]
fn a_seed_is_always_the_same_run() {
    seeds_are_always_the_same_run::<Lanes>();
}

/// The next message that has this field, or that refuses something.
async fn hears(client: &mut Client, field: &str) -> Value {
    loop {
        let message = client.next().await;
        if !message[field].is_null() || !message["error"].is_null() {
            return message;
        }
    }
}

/// Waits until the owner is told these counts.
async fn is_told(owner: &mut Client, counts: &Value) -> Value {
    loop {
        let told = hears(owner, "counts").await;
        if told["counts"] == *counts {
            return told;
        }
    }
}

fn lanes() -> [Value; 3] {
    [
        json!({"id": 1, "lane": "q", "as": {"kind": "vote", "options": 3}}),
        json!({"id": 2, "lane": "react", "as": {"kind": "count", "symbols": ["❤"], "per": 100}}),
        json!({"id": 3, "lane": "hand", "as": {"kind": "say", "per": 100}}),
    ]
}

fn vote(option: u64, number: u64, session: &str) -> Value {
    json!({"lane": "q", "vote": option, "n": number, "session": session})
}

async fn follower(address: &str, uuid: &str, fields: &Value) -> Client {
    let mut follower = Client::connect(address).await;
    let mut join = message::session_join(uuid);
    join.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    follower.send(join).await;
    hears(&mut follower, "synced").await;
    follower
}

async fn room_with_lanes(address: &str) -> Room {
    let mut room = Room::open(address).await;
    for lane in lanes() {
        room.owner.send(lane).await;
    }
    is_told(&mut room.owner, &json!({"q": [0, 0, 0], "react": {"❤": 0}})).await;
    room
}

#[tokio::test]
async fn what_followers_say_reaches_the_owner_with_their_names() {
    let server = Server::start().await;
    let mut room = room_with_lanes(&server.address).await;
    let mut ben = follower(&server.address, &room.uuid, &json!({"name": "Ben"})).await;
    let mut other = follower(&server.address, &room.uuid, &json!({})).await;
    ben.send(json!({"lane": "hand", "say": {"why": "é"}})).await;
    let said = hears(&mut room.owner, "said").await["said"][0].clone();
    assert_eq!(
        (&said["lane"], &said["name"], &said["value"]),
        (&json!("hand"), &json!("Ben"), &json!({"why": "é"}))
    );
    assert!(said["seat"].is_u64());
    other.send(json!({"lane": "react", "react": "❤"})).await;
    other.send(vote(2, 1, "v1")).await;
    ben.send(vote(2, 1, "v2")).await;
    assert_eq!(hears(&mut ben, "voted").await, json!({"lane": "q", "voted": 2, "n": 1}));
    is_told(&mut room.owner, &json!({"q": [0, 0, 2], "react": {"❤": 1}})).await;
    other.send(vote(0, 2, "v1")).await;
    is_told(&mut room.owner, &json!({"q": [1, 0, 1], "react": {"❤": 1}})).await;
}

#[tokio::test]
async fn votes_outlive_kill_9_and_reactions_do_not() {
    let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("lanes");
    drop(std::fs::remove_dir_all(&data));
    let serve = || async { Program::start(&["--data", data.to_str().expect("UTF-8")]).await };
    let mut program = serve().await;
    let mut room = room_with_lanes(&program.address).await;
    let mut voter = follower(&program.address, &room.uuid, &json!({})).await;
    voter.send(json!({"lane": "react", "react": "❤"})).await;
    voter.send(vote(1, 1, "v1")).await;
    assert_eq!(hears(&mut voter, "voted").await["voted"], 1);
    is_told(&mut room.owner, &json!({"q": [0, 1, 0], "react": {"❤": 1}})).await;
    program.signal("KILL").await;
    program.exit_code().await;

    let program = serve().await;
    let (mut owner, _) = room.claim_at(&program.address, "another").await;
    is_told(&mut owner, &json!({"q": [0, 1, 0], "react": {"❤": 0}})).await;
    let mut voter = follower(&program.address, &room.uuid, &json!({})).await;
    voter.send(vote(2, 2, "v1")).await;
    is_told(&mut owner, &json!({"q": [0, 0, 1], "react": {"❤": 0}})).await;
    drop(program);
    drop(std::fs::remove_dir_all(&data));
}

#[tokio::test]
async fn without_a_websocket_followers_post_and_the_owner_asks() {
    let server = Server::with_limits(|limits| limits.lane_posts_per_second_per_address = 5).await;
    let edge = Edge::open(&server.address).await;
    for lane in lanes() {
        let mut lane = lane;
        lane.as_object_mut().expect("an object").remove("id");
        assert_eq!(edge.send(&edge.post(&lane)).await.status, 200);
    }
    let post =
        |message: &Value| Request::post(&edge.path("/lanes"), "application/json", &message.to_string());
    let voted = post(&vote(1, 7, "v1")).send(&server.address).await;
    assert_eq!((voted.status, voted.json()), (200, json!({"lane": "q", "voted": 1, "n": 7})));
    let again = post(&vote(2, 6, "v1")).send(&server.address).await;
    assert_eq!(again.json(), json!({"lane": "q", "voted": 1, "n": 7}), "the newest counts");
    assert_eq!(post(&json!({"lane": "react", "react": "❤"})).send(&server.address).await.status, 202);
    post(&json!({"lane": "none", "say": 1})).send(&server.address).await.is_refused(403, "forbidden");
    post(&json!({"funcKey": "f"})).send(&server.address).await.is_refused(400, "malformed");
    let told = edge.send(&Request::get(&edge.path("/lanes")).bearing(&edge.key)).await.json();
    assert_eq!(told, json!({"counts": {"q": [0, 1, 0], "react": {"❤": 1}}}));
    let mut taken = 0;
    while post(&json!({"lane": "react", "react": "❤"})).send(&server.address).await.status == 202 {
        taken += 1;
        assert!(taken < 100, "nothing holds them up");
    }
    post(&json!({"lane": "react", "react": "❤"})).send(&server.address).await.is_refused(429, "rate_limited");
}

#[tokio::test]
async fn a_token_says_who_votes() {
    const SECRET: &str = "a-secret-of-the-tests-that-is-long-enough";
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0", "--joins", "token"]).env("RTBROADCASTER_JWT_SECRET", SECRET);
    let program = Program::listening(command).await;
    let mut room = room_with_lanes(&program.address).await;
    let claims = json!({"exp": seconds_from_now(600), "join": true, "sub": "ann"});
    let token = Signer::hs256(SECRET).sign(&claims);
    for (number, session) in [(1, "a"), (2, "b")] {
        let mut page = follower(&program.address, &room.uuid, &json!({"token": token})).await;
        page.send(vote(number, number, session)).await;
        assert_eq!(hears(&mut page, "voted").await["voted"], number);
    }
    let posted = json!({"lane": "q", "vote": 0, "n": 3, "session": "c"}).to_string();
    let path = format!("{}/{}/lanes", Edge::rooms(), room.uuid);
    let post = Request::post(&path, "application/json", &posted).bearing(&token);
    assert_eq!(post.send(&program.address).await.status, 200);
    Request::post(&path, "application/json", &posted)
        .send(&program.address)
        .await
        .is_refused(401, "unauthorized");
    is_told(&mut room.owner, &json!({"q": [1, 0, 0], "react": {"❤": 0}})).await;
}

#[tokio::test]
async fn messages_are_counted_by_kind_and_outcome() {
    let server = Server::start().await;
    let mut room = room_with_lanes(&server.address).await;
    let mut page = follower(&server.address, &room.uuid, &json!({})).await;
    let before = Scrape::of(&server.address).await;
    page.send(json!({"lane": "react", "react": "❤"})).await;
    page.send(json!({"lane": "react", "react": "❤"})).await;
    assert_eq!(hears(&mut page, "error").await["error"]["code"], "rate_limited");
    page.send(json!({"lane": "react", "react": "?"})).await;
    assert_eq!(hears(&mut page, "error").await["error"]["code"], "malformed");
    page.send(vote(1, 1, "v1")).await;
    is_told(&mut room.owner, &json!({"q": [0, 1, 0], "react": {"❤": 1}})).await;
    let counted = [
        ("rtbroadcaster_lane_messages_total{kind=\"react\",outcome=\"taken\"}", 1.0),
        ("rtbroadcaster_lane_messages_total{kind=\"react\",outcome=\"too_soon\"}", 1.0),
        ("rtbroadcaster_lane_messages_total{kind=\"react\",outcome=\"refused\"}", 1.0),
        ("rtbroadcaster_lane_messages_total{kind=\"vote\",outcome=\"taken\"}", 1.0),
        ("rtbroadcaster_refusals_total{code=\"malformed\"}", 1.0),
        ("rtbroadcaster_refusals_total{code=\"rate_limited\"}", 1.0),
        ("rtbroadcaster_voters", 1.0),
    ];
    metrics_change(&server.address, &before, HOW_MUCH, &counted).await;
}

/// G9 of `lanes-per-room`, `options-per-lane`, `symbols-per-lane`, `voters-per-lane`,
/// `lane-value-bytes` and `lane-says-per-second`.
#[tokio::test]
async fn every_limit_of_lanes_holds() {
    let server = Server::with_limits(|limits| {
        (limits.lanes_per_room, limits.options_per_lane, limits.symbols_per_lane) = (3, 3, 1);
        (limits.voters_per_lane, limits.lane_value_bytes, limits.lane_says_per_second) = (1, 4, 1);
    })
    .await;
    let mut room = room_with_lanes(&server.address).await;
    for (id, lane, code) in [
        (4, json!({"kind": "say"}), "too_many_slots"),
        (5, json!({"kind": "vote", "options": 4}), "malformed"),
        (6, json!({"kind": "count", "symbols": ["a", "b"]}), "malformed"),
    ] {
        room.owner.send(json!({"id": id, "lane": "another", "as": lane})).await;
        assert_eq!(hears(&mut room.owner, "error").await["error"]["code"], code);
    }
    let mut first = follower(&server.address, &room.uuid, &json!({})).await;
    let mut second = follower(&server.address, &room.uuid, &json!({})).await;
    first.send(json!({"lane": "hand", "say": "abc"})).await;
    assert_eq!(hears(&mut first, "error").await["error"]["code"], "malformed");
    first.send(json!({"lane": "hand", "say": 1})).await;
    first.send(vote(1, 1, "v1")).await;
    hears(&mut first, "voted").await;
    second.send(json!({"lane": "hand", "say": 2})).await;
    second.send(vote(1, 1, "v2")).await;
    assert_eq!(hears(&mut second, "error").await["error"]["code"], "room_full");
    let said = hears(&mut room.owner, "said").await;
    assert_eq!(said["said"].as_array().map(Vec::len), Some(1), "{said}");
}
