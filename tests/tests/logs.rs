//! The program's log.

use std::fs;
use std::path::PathBuf;

use rtbroadcaster_tests::{
    Finished, Program, RawSocket, Request, Room, Signer, entry, eventually, seconds_from_now,
};
use serde_json::{Value, json};

const TOKEN: &str = "a-token-for-the-metrics";

fn objects(log: &str) -> Vec<Value> {
    let object = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for field in ["timestamp", "level", "message"] {
            assert!(value[field].is_string(), "{field} in {line}");
        }
        value
    };
    log.lines().map(object).collect()
}

#[tokio::test]
async fn each_line_of_a_log_in_json_is_an_object_with_what_its_message_is_about() {
    let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("json.log");
    let mut command = Program::command();
    // The program warns of a variable that is no setting.
    command.env("RTBROADCASTER_ROMS", "5");
    command.args(["--listen", "127.0.0.1:0", "--log", "trace", "--log-format", "json"]);
    let mut program = Program::logging(command, &log).await;
    let mut room = Room::open(&program.address).await;
    let mut follower = room.join_synced(0).await;
    room.act(1, 1).await;
    follower.hears(&json!({"seq": 1, "funcKey": "act"})).await;
    program.signal("TERM").await;
    room.owner.rest().await;
    follower.rest().await;
    assert_eq!(program.exit_code().await, Some(0));

    let lines = objects(&fs::read_to_string(&log).unwrap());
    let find = |message: &str| {
        let line = lines.iter().find(|line| line["message"] == message);
        line.unwrap_or_else(|| panic!("no {message} in the log"))
    };
    let misspelt = find("an environment variable is no setting: is it misspelt?");
    assert_eq!((&misspelt["level"], &misspelt["meant"]), (&json!("WARN"), &json!("RTBROADCASTER_ROOMS")));
    assert_eq!(find("server started")["address"], program.address.as_str());
    assert_eq!(find("room opened")["room"], room.uuid.as_str());
    assert!(find("connection opened")["span"]["remote"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert!(!fs::read_to_string(&log).unwrap().contains(&room.key), "no owner key is logged");
}

/// A program that logs all it can into a pipe that nobody reads, until lines are dropped.
async fn unread(arguments: &[&str]) -> Program {
    let mut command = Program::command();
    command.env("RTBROADCASTER_METRICS_TOKEN", TOKEN);
    command.args(["--listen", "127.0.0.1:0", "--log", "trace"]).args(arguments);
    let program = Program::telling(command).await;
    let target = format!("/{}", "x".repeat(8_000));
    eventually(&true, async || {
        for _ in 0..50 {
            // Each request is some lines of TRACE with its target.
            assert_eq!(Request::get(&target).send(&program.address).await.status, 404);
        }
        dropped_lines(&program).await > 0.0
    })
    .await;
    program
}

async fn dropped_lines(program: &Program) -> f64 {
    let page = Request::get("/metrics").bearing(TOKEN).send(&program.address).await.body;
    let name = "rtbroadcaster_log_lines_dropped_total ";
    let value = page.lines().find_map(|line| line.strip_prefix(name));
    value.expect("the metric").parse().expect("a number")
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_nothing_up_and_its_reader_learns_how_much_is_missing() {
    let mut program = unread(&[]).await;
    let mut room = Room::open(&program.address).await;
    let mut follower = room.join_synced(0).await;
    room.act(1, 1).await;
    follower.hears(&json!({"seq": 1, "funcKey": "act"})).await;
    let line = program.next_log("lines of it were dropped").await;
    assert!(line.contains(" WARN ") && line.contains("lines="), "{line}");
    program.signal("TERM").await;
    room.owner.rest().await;
    follower.rest().await;
    assert_eq!(program.exit_code().await, Some(0));
}

#[tokio::test]
async fn signals_end_a_program_whose_log_nobody_reads() {
    let mut program = unread(&[]).await;
    program.signal("TERM").await;
    assert_eq!(program.exit_code().await, Some(0));
    let mut program = unread(&["--drain-delay-ms", "86400000"]).await;
    program.signal("TERM").await;
    eventually(&503, async || Request::get("/readyz").send(&program.address).await.status).await;
    program.signal("TERM").await;
    assert_eq!(program.exit_code().await, Some(143));
}

async fn failure(arguments: &[&str]) -> Finished {
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0", "--www", "no/such/folder"]).args(arguments);
    let finished = Program::run(command).await;
    assert_eq!(finished.code, Some(1));
    finished
}

#[tokio::test]
async fn why_the_program_does_not_start_is_said_in_the_logs_format_whatever_that_leaves_out() {
    let told = "--www: no/such/folder is not a directory";
    let text = failure(&["--log", "off"]).await;
    assert_eq!(text.stderr, format!("error: {told}\n"));
    let json = objects(&failure(&["--log", "off", "--log-format", "json"]).await.stderr);
    assert_eq!(json.iter().map(|line| &line["message"]).collect::<Vec<_>>(), [told]);
}

#[tokio::test]
async fn a_format_that_is_none_is_refused() {
    let mut command = Program::command();
    command.args(["--log-format", "xml"]);
    let finished = Program::run(command).await;
    assert_eq!(finished.code, Some(2));
    assert_eq!(
        finished.stderr,
        "error: --log-format: must be text (for people) or json (an object on each line)\n"
    );
}

#[tokio::test]
async fn who_opens_a_room_stands_in_its_line() {
    const SECRET: &str = "a secret of at least thirty-two bytes";
    let mut command = Program::command();
    command.env("RTBROADCASTER_JWT_SECRET", SECRET);
    command.args(["--listen", "127.0.0.1:0", "--creation", "token"]);
    let mut program = Program::telling(command).await;
    let signer = Signer::hs256(SECRET);
    let claims = |subject: Value| json!({"exp": seconds_from_now(60), "create": true, "sub": subject});
    entry::open_with(&program.address, &signer.sign(&claims(json!("teacher \u{1b}[31m7")))).await;
    let line = program.next_log("room opened").await;
    assert!(line.contains("remote=127.0.0.1 ") && line.contains("subject=\"teacher"), "{line:?}");
    assert!(!line.contains('\u{1b}'), "no text of a client's reaches a terminal as it is: {line:?}");
    entry::open_with(&program.address, &signer.sign(&claims(json!(7)))).await;
    let line = program.next_log("room opened").await;
    assert!(!line.contains("subject"), "{line}");
}

#[tokio::test]
async fn a_connection_that_idles_after_its_request_is_no_line_at_debug() {
    let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("idle.log");
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0", "--log", "debug", "--handshake-timeout-ms", "50"]);
    let mut program = Program::logging(command, &log).await;
    for _ in 0..3 {
        let mut idle = RawSocket::connect(&program.address).await;
        assert_eq!(Request::get("/healthz").send_on(&mut idle, &program.address).await.status, 200);
        assert_eq!(idle.rest().await, b"", "the server ends it");
    }
    program.signal("TERM").await;
    assert_eq!(program.exit_code().await, Some(0));
    let lines = fs::read_to_string(&log).unwrap();
    let ours: Vec<_> = lines.lines().filter(|line| line.contains("DEBUG")).collect();
    assert!(ours.is_empty(), "{ours:#?}");
}
