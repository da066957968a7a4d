//! How the program ends: which clients it lets in no more, when it closes which connections, and
//! what they have received by then.

use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{
    Client, PATH, Program, RawSocket, Request, Response, Room, follow, message, open_room,
};
use serde_json::{Value, json};

/// So long that no test here waits for its end.
const FOR_EVER: &str = "86400000";

fn come_back() -> u16 {
    CloseCode::ShuttingDown.value()
}

async fn get(program: &Program, path: &str) -> Response {
    Request::get(path).send(&program.address).await
}

/// A program that has received a signal to end, and waits for its load balancer.
async fn drained(signal: &str) -> (Program, Room, Client) {
    let program = Program::start(&["--drain-delay-ms", FOR_EVER]).await;
    let room = Room::open(&program.address).await;
    let follower = room.join_synced(0).await;
    let mut newcomer = Client::connect(&program.address).await;
    newcomer.sync().await;
    program.signal(signal).await;
    assert_eq!(newcomer.closed().await, come_back(), "who is in no room has nothing to wait for");
    (program, room, follower)
}

#[tokio::test]
async fn it_is_ready_until_it_is_told_to_end_and_well_until_it_has() {
    let program = Program::start(&[]).await;
    let ready = get(&program, "/readyz").await;
    assert_eq!((ready.status, ready.body.as_str()), (200, "ready\n"));
    drop(program);

    let (program, ..) = drained("TERM").await;
    let ready = get(&program, "/readyz").await;
    assert_eq!((ready.status, ready.body.as_str()), (503, "shutting down\n"));
    assert_eq!(get(&program, "/healthz").await.status, 200);
}

#[tokio::test]
async fn readiness_can_be_asked_without_a_body() {
    let program = Program::start(&[]).await;
    let mut socket = RawSocket::connect(&program.address).await;
    socket.send_bytes(b"HEAD /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    let answer = String::from_utf8(socket.rest().await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn from_the_signal_on_nobody_is_let_in_while_rooms_go_on_until_the_drain_begins() {
    let (program, mut room, mut follower) = drained("TERM").await;
    let refused = Request::upgrade().at(PATH).send(&program.address).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    assert!(refused.body.contains("come back"), "{}", refused.body);
    room.act(1, 3).await;
    for seq in 1..=3 {
        follower.hears(&json!({"seq": seq, "funcKey": "act"})).await;
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once_with_the_signals_exit_code() {
    for (first, second, code) in [("TERM", "TERM", 143), ("INT", "INT", 130), ("TERM", "INT", 130)] {
        let (mut program, _room, mut follower) = drained(first).await;
        program.signal(second).await;
        assert_eq!(program.exit_code().await, Some(code), "{first}, then {second}");
        assert_eq!(follower.closed().await, 1006, "nobody was told");
    }
}

#[tokio::test]
async fn many_clients_are_sent_away_in_batches_and_each_rooms_owner_before_its_followers() {
    let program = Program::start(&["--drain-ms", FOR_EVER]).await;
    let (mut owner, uuid) = open_room(&program.address).await;
    let mut followers = Vec::new();
    for _ in 0..70 {
        followers.push(follow(&program.address, &uuid).await);
    }
    program.signal("TERM").await;
    assert_eq!(owner.closed().await, come_back());
    // With the owner they are one batch. The oldest connections are closed first.
    for follower in &mut followers[..63] {
        assert_eq!(follower.closed().await, come_back());
    }
    for follower in &mut followers[63..] {
        follower.sync().await;
    }
}

#[tokio::test]
async fn followers_hear_all_that_was_acknowledged_before_they_are_sent_away() {
    const ACTIONS: u64 = 40;
    let mut program = Program::start(&["--drain-ms", FOR_EVER]).await;
    let mut room = Room::open(&program.address).await;
    let mut late = RawSocket::upgrade_narrow(&program.address).await;
    late.send_text(message::session_join(&room.uuid)).await;
    assert!(late.text().await.contains("connected"));
    // More than the network holds, and less than the room's ring.
    let large = "x".repeat(60_000);
    for id in 1..=ACTIONS {
        room.owner.send(json!({"id": id, "funcKey": "large", "funcParams": [large]})).await;
    }
    while room.owner.next().await["ack"] != ACTIONS {}
    program.signal("TERM").await;
    assert_eq!(room.owner.rest().await.1, come_back());

    let mut heard = Vec::new();
    while heard.last().is_none_or(|last: &Value| last.get("shutdown").is_none()) {
        heard.extend(late.text().await.lines().map(|line| serde_json::from_str(line).unwrap()));
    }
    let seqs: Vec<_> = heard.iter().filter_map(|message| message["seq"].as_u64()).collect();
    assert_eq!(seqs, (1..=ACTIONS).collect::<Vec<_>>());
    assert_eq!(late.closed().await, come_back());
    drop(late);
    assert_eq!(program.exit_code().await, Some(0), "nobody is waited for any more");
}

#[tokio::test]
async fn the_log_says_how_many_are_sent_away_and_which_rooms_are_lost() {
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0"]);
    let mut program = Program::telling(command).await;
    let mut room = Room::open(&program.address).await;
    let mut follower = room.join_synced(0).await;
    program.signal("TERM").await;
    let begun = program.next_log("shutting down").await;
    assert!(begun.contains("connections=2") && begun.contains("rooms=1"), "{begun}");
    assert_eq!((room.owner.rest().await.1, follower.rest().await.1), (come_back(), come_back()));
    let lost = program.next_log("room closed").await;
    assert!(lost.contains(&room.uuid) && lost.contains("the server ended"), "{lost}");
    let ended = program.next_log("all clients were sent away").await;
    assert!(ended.contains("rooms=1"), "{ended}");
    assert_eq!(program.exit_code().await, Some(0));
}
