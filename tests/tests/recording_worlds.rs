//! Recordings in random worlds, and replayed into a room. `cargo xtask sim --recordings` plays more
//! of the worlds, or one again.

use std::path::PathBuf;
use std::process::Stdio;

use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::sim::recordings::Recordings;
use rtbroadcaster_tests::sim::small::{check, seeds_are_always_the_same_run};
use rtbroadcaster_tests::{Client, Program, Proxy, message, until, within};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

/// How many programs every test run plays.
const CASES: u64 = 2_000;

#[test]
fn r1_to_r6_hold() {
    check::<Recordings>(0..CASES).unwrap();
}

#[test]
fn a_seed_is_always_the_same_run() {
    seeds_are_always_the_same_run::<Recordings>();
}

/// A recording whose second moment is far from the first, so that a replay sends them alone.
const RECORDING: &str = r#"{"rtbroadcaster":1,"uuid":"00000000-0000-4000-8000-000000000001","started":1,"part":1}
{"t":0,"snapshot":1}
{"t":0,"seq":1,"recording":{"on":true,"shared":false}}
{"t":0,"synced":1}
{"t":0,"seq":2,"funcKey":"goTo","funcParams":[1],"stateMessage":true}
{"t":20,"seq":3,"funcKey":"plain"}
{"t":20,"seq":4,"funcKey":"goTo","funcParams":[2],"stateMessage":true}
{"t":20,"seq":5,"clear":"goTo"}
{"t":20,"end":"closed"}
"#;

fn slide(seq: u64, slide: u64) -> Value {
    json!({"seq": seq, "funcKey": "goTo", "funcParams": [slide], "stateMessage": true})
}

#[tokio::test]
async fn a_recording_is_replayed_into_a_new_room() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("replayed.ndjson");
    std::fs::write(&file, RECORDING).expect("a file");
    let program = Program::start(&[]).await;
    // Answers are held back, so that the follower is there before the second request.
    let proxy = Proxy::start(&program.address).await;
    proxy.throttle();
    proxy.allow(1);
    let mut command = Program::command();
    command.arg("replay").arg(&file).arg("--url");
    command.arg(format!("http://{}/broadcasting", proxy.address)).stdout(Stdio::piped());
    let mut replay = command.spawn().expect("the program starts");
    let mut printed = BufReader::new(replay.stdout.take().expect("its stdout is a pipe")).lines();
    let printed = within("the room", printed.next_line()).await.expect("text").expect("a line");
    let uuid = serde_json::from_str::<Value>(&printed).expect("JSON")["uuid"].clone();
    let uuid = uuid.as_str().expect("a uuid");
    assert_ne!(uuid, "00000000-0000-4000-8000-000000000001");
    let mut follower = until("the first action", async || {
        let mut follower = Client::connect(&program.address).await;
        follower.send(message::session_join(uuid)).await;
        (follower.next().await["seq"] == 1).then_some(follower)
    })
    .await;
    follower.hears(&slide(1, 1)).await;
    follower.hears(&json!({"synced": 1})).await;
    proxy.heal();
    let (heard, code) = follower.rest().await;
    let heard: Vec<_> = heard.into_iter().filter(|message| !message["seq"].is_null()).collect();
    let rest = [json!({"seq": 2, "funcKey": "plain"}), slide(3, 2), json!({"seq": 4, "clear": "goTo"})];
    assert_eq!((heard.as_slice(), code), (rest.as_slice(), CloseCode::RoomClosed.value()));
    assert!(within("its end", replay.wait()).await.expect("it ends").success());
}

#[tokio::test]
async fn a_replay_goes_on_behind_what_a_room_refuses() {
    const REFUSED: u64 = 40;
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("refused.ndjson");
    let actions = (0..=REFUSED).map(|number| {
        format!(r#"{{"t":0,"seq":{},"funcKey":"set","slot":"{number}","stateMessage":true}}"#, number + 1)
    });
    let header = r#"{"rtbroadcaster":1,"uuid":"u","started":1,"part":1}"#.to_owned();
    let last = r#"{"t":0,"seq":50,"funcKey":"plain"}"#.to_owned();
    let lines = [header].into_iter().chain(actions).chain([last]).collect::<Vec<_>>();
    std::fs::write(&file, lines.join("\n") + "\n").expect("a file");
    let program = Program::start(&["--slots-per-room", "1"]).await;
    let mut command = Program::command();
    command.arg("replay").arg(&file).arg("--url").arg(format!("http://{}/broadcasting", program.address));
    let replayed = within("its end", command.stdout(Stdio::piped()).stderr(Stdio::piped()).output()).await;
    // The server reads no further after so many in one request.
    let said = String::from_utf8(replayed.expect("it ends").stderr).expect("text");
    assert!(said.contains(&format!("{REFUSED} actions were refused")), "{said}");
}
