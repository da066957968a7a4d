//! Actions that run at a moment of the server's clock: in random worlds, and over real sockets.
//! `cargo xtask sim --moments` plays more of the worlds, or one again.

use std::path::PathBuf;

use rtbroadcaster_tests::sim::one_moment::Moments;
use rtbroadcaster_tests::sim::small::{check, seeds_are_always_the_same_run};
use rtbroadcaster_tests::{Client, Edge, PATH, Program, Request, Room, Server, message};
use serde_json::{Value, json};

/// How many programs every test run plays.
const CASES: u64 = 1_500;

#[test]
fn t1_to_t5_hold() {
    check::<Moments>(0..CASES).unwrap();
}

#[test]
fn a_seed_is_always_the_same_run() {
    seeds_are_always_the_same_run::<Moments>();
}

/// The server's time.
async fn time(address: &str) -> u64 {
    let answer = Request::get(&format!("{PATH}/time")).send(address).await.json();
    answer["time"].as_u64().unwrap_or_else(|| panic!("no time: {answer}"))
}

#[tokio::test]
async fn a_moment_is_kept_over_a_kill_and_so_is_the_wish_for_a_clock() {
    let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("moments");
    drop(std::fs::remove_dir_all(&data));
    let arguments = ["--data", data.to_str().expect("a path in UTF-8")];
    let mut program = Program::start(&arguments).await;
    let mut owner = Client::connect(&program.address).await;
    owner.send(json!({"status": {"value": 1}, "v": 2, "session": "first", "clock": true})).await;
    let reply = owner.next().await;
    let at = reply["time"].as_u64().expect("a time") + 9_000;
    for slot in ["a", "b"] {
        owner.send(json!({"funcKey": "set", "slot": slot, "at": at})).await;
    }
    owner.send(json!({"id": 1, "funcKey": "flash", "at": at})).await;
    while owner.next().await["ack"] != 1 {}
    program.signal("KILL").await;
    assert_eq!(program.exit_code().await, None);

    let program = Program::start(&arguments).await;
    let uuid = reply["uuid"].as_str().expect("a uuid");
    let (mut late, mut resumed) =
        (Client::connect(&program.address).await, Client::connect(&program.address).await);
    late.send(message::session_join(uuid)).await;
    assert_eq!(late.next().await["clock"], true);
    for (seq, slot) in [(1, "a"), (2, "b")] {
        let set = json!({"seq": seq, "at": at, "funcKey": "set", "stateMessage": true, "slot": slot});
        late.hears(&set).await;
    }
    resumed.send(message::session_rejoin(uuid, 2)).await;
    assert_eq!(resumed.next().await["clock"], true);
    resumed.hears(&json!({"seq": 3, "at": at, "funcKey": "flash"})).await;
    drop(std::fs::remove_dir_all(&data));
}

#[tokio::test]
async fn a_post_may_have_a_moment_and_it_is_judged_as_any_action() {
    let server = Server::with_limits(|limits| limits.at_horizon_ms = 1_000).await;
    let edge = Edge::open(&server.address).await;
    let now = time(&server.address).await;
    let act = |at: u64| edge.post(&json!({"funcKey": "flash", "at": at}));
    let taken = act(now).send(&server.address).await;
    assert_eq!((taken.status, taken.json()), (200, json!({"seq": 1})));
    let refused = act(now + 60_000).send(&server.address).await;
    refused.is_refused(400, "malformed");
    assert!(refused.body.contains("--at-horizon-ms"), "{}", refused.body);
    for at in [json!("soon"), json!(-1), json!(1.5)] {
        let refused = edge.post(&json!({"funcKey": "flash", "at": at})).send(&server.address).await;
        refused.is_refused(400, "malformed");
    }
}

#[tokio::test]
async fn all_clients_together_are_told_the_time_only_so_often_and_otherwise_answered_without() {
    let server = Server::with_limits(|limits| limits.clock_samples_per_second = 1).await;
    let room = Room::open(&server.address).await;
    let mut follower = room.join_synced(0).await;
    let mut told = Vec::new();
    for number in 1..=3 {
        follower.send(json!({"ping": number, "time": true})).await;
        let pong = follower.next().await;
        assert_eq!(pong["pong"], number);
        told.push(pong["time"] != Value::Null);
    }
    assert_eq!(told, [true, false, false]);
}
