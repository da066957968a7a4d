//! The program: its arguments, its site and its end.

use std::fs;
use std::path::PathBuf;

use rtbroadcaster_protocol::CloseCode;
use rtbroadcaster_tests::{
    Client, Finished, PATH, Program, RawSocket, Request, Room, follow, message, open_room,
};
use serde_json::json;
use tokio::process::Command;

async fn run(arguments: &[&str]) -> Finished {
    let mut command = Program::command();
    command.args(arguments);
    Program::run(command).await
}

#[tokio::test]
async fn help_names_every_option_and_its_environment_variable() {
    let help = run(&["--help"]).await;
    assert_eq!(help.code, Some(0));
    for option in
        ["listen", "path", "www", "allow-origin", "log", "rooms", "message-bytes", "stall-timeout-ms"]
    {
        assert!(help.stdout.contains(&format!("--{option} ")), "--{option} in {}", help.stdout);
        let variable = format!("RTBROADCASTER_{}", option.to_uppercase().replace('-', "_"));
        assert!(help.stdout.contains(&variable), "{variable} in {}", help.stdout);
    }
    assert!(help.stdout.contains("/broadcasting"), "{}", help.stdout);
}

#[tokio::test]
async fn bad_arguments_end_it_with_2_and_say_what_is_wrong() {
    let cases = [
        ("--listen=example", "an IP address and a port"),
        ("--path=broadcasting", "must start with /"),
        ("--rooms=0", "--rooms"),
        ("--ping-interval-ms=soon", "--ping-interval-ms"),
        ("--unknown", "--unknown"),
        ("surplus", "surplus"),
    ];
    for (argument, told) in cases {
        let finished = run(&[argument]).await;
        assert_eq!(finished.code, Some(2), "{argument}");
        assert!(finished.stderr.contains(told), "{argument}: {}", finished.stderr);
        assert_eq!(finished.stdout, "", "{argument}");
    }
}

#[tokio::test]
async fn a_port_in_use_ends_it_with_1_and_says_so() {
    let first = Program::start(&[]).await;
    let second = run(&["--listen", &first.address]).await;
    assert_eq!(second.code, Some(1));
    assert!(
        second.stderr.contains("--listen") && second.stderr.contains(&first.address),
        "{}",
        second.stderr
    );
    assert!(second.stderr.contains("another server"), "{}", second.stderr);
}

#[tokio::test]
async fn a_folder_that_is_none_ends_it_with_1_and_says_so() {
    let finished = run(&["--listen", "127.0.0.1:0", "--www", "no/such/folder"]).await;
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("--www: no/such/folder"), "{}", finished.stderr);
}

#[tokio::test]
async fn every_option_may_come_from_the_environment() {
    let mut command = Program::command();
    command.env("RTBROADCASTER_LISTEN", "127.0.0.1:0").env("RTBROADCASTER_PATH", "/my/rooms");
    command.env("RTBROADCASTER_ALLOW_ORIGIN", "https://a.example,https://b.example");
    command.env("RTBROADCASTER_MESSAGE_BYTES", "1000").env("RTBROADCASTER_LOG", "debug");
    let program = Program::listening(command).await;
    let mut owner = Client::connect_at(&program.address, "/my/rooms").await;
    owner.send(message::session_create("s")).await;
    assert_eq!(owner.next().await["limits"]["messageBytes"], 1_000);
    assert_eq!(Request::get(PATH).send(&program.address).await.status, 404);

    let origin = |origin: &str| Request::upgrade().with("Origin", origin).at("/my/rooms");
    assert_eq!(origin("https://b.example").send(&program.address).await.status, 101);
    assert_eq!(origin("https://c.example").send(&program.address).await.status, 403);
}

#[tokio::test]
async fn an_argument_wins_over_the_environment() {
    let mut command = Program::command();
    command.env("RTBROADCASTER_PATH", "/environment").env("RTBROADCASTER_LISTEN", "127.0.0.1:0");
    command.args(["--path", "/argument"]);
    let program = Program::listening(command).await;
    Client::connect_at(&program.address, "/argument").await.sync().await;
    assert_eq!(Request::get("/environment").send(&program.address).await.status, 404);
}

#[tokio::test]
async fn rooms_work_as_in_the_library() {
    let program = Program::start(&[]).await;
    let (mut owner, uuid) = open_room(&program.address).await;
    let mut follower = follow(&program.address, &uuid).await;
    let action = message::action(&uuid, "f", &json!(["x"]));
    owner.send(&action).await;
    follower.hears(&action).await;
}

#[tokio::test]
async fn it_serves_however_little_it_logs() {
    for level in ["error", "warn", "info", "trace"] {
        let program = Program::start(&["--log", level]).await;
        let mut room = Room::open(&program.address).await;
        let mut follower = room.join_synced(0).await;
        room.act(1, 3).await;
        follower.hears(&json!({"seq": 1, "funcKey": "act"})).await;
    }
}

#[tokio::test]
async fn the_root_says_where_the_rooms_are() {
    let program = Program::start(&[]).await;
    let root = Request::get("/").send(&program.address).await;
    assert_eq!(root.status, 200);
    assert!(root.body.contains(PATH), "{}", root.body);
}

/// A folder with a page and a WebAssembly module, and beside it a file that must not be served.
fn site() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("site");
    fs::create_dir_all(folder.join("www/pkg")).expect("a folder in target/tmp");
    for (file, text) in
        [("www/index.html", "<p>hello</p>"), ("www/pkg/a.wasm", "\0asm"), ("secret", "secret")]
    {
        fs::write(folder.join(file), text).expect("a file in target/tmp");
    }
    folder.join("www")
}

#[tokio::test]
async fn a_site_is_served_beside_the_rooms_with_the_types_that_browsers_need() {
    let site = site();
    let program = Program::start(&["--www", site.to_str().unwrap()]).await;
    let get = |path: &'static str| Request::get(path);
    for path in ["/", "/index.html"] {
        let page = get(path).send(&program.address).await;
        assert_eq!((page.status, page.body.as_str()), (200, "<p>hello</p>"), "{path}");
        assert!(page.header("content-type").unwrap().starts_with("text/html"));
    }
    let wasm = get("/pkg/a.wasm").send(&program.address).await;
    assert_eq!(wasm.header("content-type"), Some("application/wasm"));
    for path in ["/missing", "/../secret", "/%2e%2e/secret", "/pkg/../../secret"] {
        assert_ne!(get(path).send(&program.address).await.status, 200, "{path}");
    }
    open_room(&program.address).await;
}

/// Every client is told to come back, clients that do not read are cut off, and the process exits
/// with success.
async fn ends_well_on(signal: &str) {
    let mut program = Program::start(&[]).await;
    let (mut owner, uuid) = open_room(&program.address).await;
    let mut follower = follow(&program.address, &uuid).await;
    let mut outside = Client::connect(&program.address).await;
    outside.sync().await;
    let mut deaf = RawSocket::upgrade(&program.address).await;
    deaf.send_text(message::join(&uuid)).await;
    assert!(deaf.text().await.contains("connected"));
    let mut half = RawSocket::connect(&program.address).await;
    half.send_bytes(b"GET / HTTP/1.1\r\nHost: x\r\n").await;

    program.signal(signal).await;
    for client in [&mut owner, &mut follower, &mut outside] {
        assert_eq!(client.closed().await, CloseCode::ShuttingDown.value());
    }
    assert_eq!(program.exit_code().await, Some(0));
    assert_eq!(deaf.closed().await, CloseCode::ShuttingDown.value());
}

#[tokio::test]
async fn sigterm_sends_everyone_away_and_ends_it() {
    ends_well_on("TERM").await;
}

#[tokio::test]
async fn ctrl_c_sends_everyone_away_and_ends_it() {
    ends_well_on("INT").await;
}

#[tokio::test]
async fn a_follower_with_full_buffers_does_not_hold_the_end_up() {
    let mut program = Program::start(&["--ring-actions", "8", "--drain-ms", "0"]).await;
    let mut room = Room::open(&program.address).await;
    let mut stuck = RawSocket::upgrade_narrow(&program.address).await;
    stuck.send_text(message::session_join(&room.uuid)).await;
    assert!(stuck.text().await.contains("connected"));
    let large = json!({"funcKey": "large", "funcParams": ["x".repeat(60_000)]}).to_string();
    for _ in 0..300 {
        room.owner.send(&large).await;
    }
    room.owner.sync().await;
    program.signal("TERM").await;
    let farewell = (vec![json!({"shutdown": 5_000})], CloseCode::ShuttingDown.value());
    assert_eq!(room.owner.rest().await, farewell, "it is told over how long to spread its return");
    assert_eq!(program.exit_code().await, Some(0));
}

/// The log's lines up to the start of a server that may have this many files open, and is to have
/// 500 connections.
async fn log_with_files(files: u32) -> String {
    let program = Program::command();
    let mut command = Command::new("bash");
    command.args(["-c", "ulimit -n \"$0\" && exec \"$@\"", &files.to_string()]);
    command.arg(program.as_std().get_program()).args(["--listen", "127.0.0.1:0", "--connections", "500"]);
    command.kill_on_drop(true);
    let mut program = Program::telling(command).await;
    let first = program.next_log(" ").await;
    if first.contains("server started") { String::new() } else { first }
}

#[tokio::test]
async fn a_limit_of_open_files_is_worth_a_warning_only_if_the_connections_do_not_fit() {
    assert_eq!(log_with_files(756).await, "");
    let narrow = log_with_files(700).await;
    assert!(narrow.contains(" INFO ") && narrow.contains("allowed=700 wanted=756"), "{narrow}");
    let few = log_with_files(499).await;
    assert!(few.contains(" WARN ") && few.contains("allowed=499 wanted=756"), "{few}");
}
