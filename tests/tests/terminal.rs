//! The commands `publish` and `follow`, which drive and tail a room from a terminal.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use rtbroadcaster_tests::{
    Certificate, Edge, Finished, PATH, Program, Proxy, Request, Server, Signer, eventually, within,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// A command that runs, with its input and output.
struct Terminal {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Terminal {
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        let output = child.stdout.take().expect("its stdout is a pipe");
        Self { input: child.stdin.take(), output: BufReader::new(output).lines(), child }
    }

    fn follow(url: &str, room: &str) -> Self {
        Self::start(command("follow", url, room))
    }

    fn publish(url: &str, room: &Edge) -> Self {
        Self::start(publish(url, room))
    }

    async fn write(&mut self, text: &str) {
        let input = self.input.as_mut().expect("its input has no end yet");
        input.write_all(text.as_bytes()).await.expect("it reads");
    }

    /// The next line that it prints. None at the end.
    async fn next(&mut self) -> Option<Value> {
        let line = within("a line", self.output.next_line()).await.expect("text")?;
        Some(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")))
    }

    async fn hears(&mut self, expected: &Value) {
        assert_eq!(self.next().await.as_ref(), Some(expected));
    }

    /// Its exit code, when it has printed everything and its input has ended.
    async fn end(mut self) -> Option<i32> {
        drop(self.input.take());
        assert_eq!(self.next().await, None);
        within("the program to end", self.child.wait()).await.expect("it can be waited for").code()
    }
}

fn command(name: &str, url: &str, room: &str) -> Command {
    let mut command = Program::command();
    command.args([name, room, "--url", url]);
    command
}

fn publish(url: &str, room: &Edge) -> Command {
    let mut command = command("publish", url, &room.uuid);
    command.env("RTBROADCASTER_OWNER_KEY", &room.key);
    command
}

fn url(address: &str) -> String {
    format!("http://{address}{PATH}")
}

fn action(number: u64) -> Value {
    json!({"funcKey": "say", "funcParams": [number]})
}

fn lines(actions: impl Iterator<Item = Value>) -> String {
    actions.map(|action| format!("{action}\n")).collect()
}

#[tokio::test]
async fn what_one_terminal_publishes_another_prints() {
    let server = Server::start().await;
    let room = Edge::open(&server.address).await;
    room.send(&room.post(&json!({"funcKey": "goTo", "funcParams": [3], "stateMessage": true}))).await;
    let mut follower = Terminal::follow(&format!("ws://{}{PATH}/", server.address), &room.uuid);
    let reply = follower.next().await.expect("a reply");
    assert_eq!((&reply["uuid"], &reply["seq"]), (&json!(room.uuid), &json!(1)));
    follower.hears(&json!({"seq": 1, "funcKey": "goTo", "funcParams": [3], "stateMessage": true})).await;
    follower.hears(&json!({"synced": 1})).await;
    follower.hears(&json!({"owner": "away"})).await;
    let mut publisher = Terminal::publish(&url(&server.address), &room);
    publisher.write("{\"funcKey\": \"say\", \"funcParams\": [1]}\n\n{\"clear\": \"goTo\"}\n").await;
    publisher.hears(&json!({"line": 1, "id": 1, "seq": 2})).await;
    publisher.hears(&json!({"line": 3, "id": 2, "seq": 3})).await;
    follower.hears(&json!({"seq": 2, "funcKey": "say", "funcParams": [1]})).await;
    follower.hears(&json!({"seq": 3, "clear": "goTo"})).await;
    assert_eq!(publisher.end().await, Some(0));
    let closed = Request::new("DELETE", &room.path("")).bearing(&room.key).send(&server.address).await;
    assert_eq!(closed.status, 204);
    follower.hears(&json!({"status": {"value": 0, "text": "not connected"}})).await;
    assert_eq!(follower.end().await, Some(0), "a room that is closed is no failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_arrives_once_and_in_order_while_both_lose_their_connections() {
    const ROUNDS: u64 = 10;
    const LINES: u64 = 100;
    let server = Server::start().await;
    let room = Edge::open(&server.address).await;
    let (one, other) = (Proxy::start(&server.address).await, Proxy::start(&server.address).await);
    let mut publisher = Terminal::publish(&url(&one.address), &room);
    let mut follower = Terminal::follow(&url(&other.address), &room.uuid);
    follower.next().await.expect("a reply");
    follower.hears(&json!({"synced": 0})).await;
    let mut seqs = 1..;
    for round in 0..ROUNDS {
        publisher.write(&lines((0..LINES).map(|line| action(round * LINES + line)))).await;
        // Where the lines are when the connection is cut is left to chance.
        let cut = if round % 2 == 0 { &one } else { &other };
        cut.cut();
        for line in 0..LINES {
            let number = round * LINES + line + 1;
            publisher.hears(&json!({"line": number, "id": number, "seq": number})).await;
        }
        let mut said = round * LINES;
        while said < (round + 1) * LINES {
            let message = follower.next().await.expect("a message");
            if message["funcKey"] == "say" {
                assert_eq!((&message["seq"], &message["funcParams"][0]), (&json!(seqs.next()), &json!(said)));
                said += 1;
            }
        }
    }
    assert_eq!(publisher.end().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_was_away_for_too_long_is_resynced_and_prints_no_half_of_the_state() {
    let server = Server::with_limits(|limits| limits.ring_actions = 4).await;
    let room = Edge::open(&server.address).await;
    let proxy = Proxy::start(&server.address).await;
    let mut follower = Terminal::follow(&url(&proxy.address), &room.uuid);
    follower.next().await.expect("a reply");
    follower.hears(&json!({"synced": 0})).await;
    proxy.stall();
    let state = |number: u64| json!({"funcKey": "goTo", "funcParams": [number], "stateMessage": true});
    let posted = room.send(&room.post_lines(&lines((1..=20).map(state)))).await;
    assert_eq!(posted.status, 200);
    proxy.cut();
    proxy.heal();
    loop {
        let message = follower.next().await.expect("a message");
        if message["resync"] == true {
            break;
        }
        assert!(message["owner"].is_string(), "{message}");
    }
    follower.hears(&json!({"seq": 20, "funcKey": "goTo", "funcParams": [20], "stateMessage": true})).await;
    follower.hears(&json!({"synced": 20})).await;
}

#[tokio::test]
async fn lines_that_are_refused_keep_no_other_out_however_many_they_are() {
    let server = Server::start().await;
    let room = Edge::open(&server.address).await;
    let large = json!({"funcKey": "say", "funcParams": ["x".repeat(70_000)]});
    let mut text = String::new();
    for _ in 0..20 {
        text += "{\"funcKey\": 7}\n";
    }
    text += &format!("{}\n{large}\n{}\n", action(1), action(2));
    let finished = Program::run_with_input(publish(&url(&server.address), &room), &text).await;
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.ends_with("error: 21 lines were refused\n"), "{}", finished.stderr);
    let results: Vec<Value> =
        finished.stdout.lines().map(|line| serde_json::from_str(line).expect("json")).collect();
    let numbers: Vec<_> = results.iter().map(|result| result["line"].as_u64()).collect();
    assert_eq!(numbers, (1..=23).map(Some).collect::<Vec<_>>());
    assert!(results[..20].iter().all(|result| result["error"]["code"] == "malformed"), "{results:?}");
    assert_eq!((&results[20]["seq"], &results[22]["seq"]), (&json!(1), &json!(2)));
    assert_eq!(results[21]["error"]["code"], "message_too_large");
}

#[tokio::test]
async fn a_session_that_goes_on_appends_nothing_twice() {
    let server = Server::start().await;
    let room = Edge::open(&server.address).await;
    let text = lines((1..=3).map(action));
    let mut outputs = Vec::new();
    for _ in 0..2 {
        let mut command = publish(&url(&server.address), &room);
        command.args(["--session", "nightly", "--first-id", "7"]);
        let finished = Program::run_with_input(command, &text).await;
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
        outputs.push(finished.stdout);
    }
    assert_eq!(outputs[0], outputs[1]);
    assert!(outputs[0].starts_with("{\"id\":7,\"line\":1,\"seq\":1}\n"), "{}", outputs[0]);
    assert_eq!(room.act("last").await, 4);
}

#[tokio::test]
async fn a_token_is_shown_where_the_server_wants_one_and_tls_is_spoken() {
    const SECRET: &str = "a secret that is long enough for HS256";
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let certificate = Certificate::create(&folder, "terminal");
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0", "--creation", "token", "--joins", "token"]);
    command.args(certificate.arguments()).env("RTBROADCASTER_JWT_SECRET", SECRET);
    let program = Program::listening(command).await;
    let url = format!("wss://{}{PATH}", program.address);
    let room = "3f0c1f6e-8a51-4c0e-9d0b-6c1f4b0e7a52";
    let follow = async |token: Option<&str>| {
        let mut command = self::command("follow", &url, room);
        if let Some(token) = token {
            command.env("RTBROADCASTER_TOKEN", token);
        }
        command.env("SSL_CERT_FILE", &certificate.certificate);
        command
    };
    let refused = Program::run(follow(None).await).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("401"), "{}", refused.stderr);
    let token = Signer::hs256(SECRET).for_all();
    let elsewhere = Certificate::create(&folder, "terminal-elsewhere");
    let mut command = follow(Some(&token)).await;
    command.env("SSL_CERT_FILE", &elsewhere.certificate);
    let untrusted = Program::run(command).await;
    assert_eq!(untrusted.code, Some(1), "a certificate that isn't trusted doesn't get better");
    assert!(untrusted.stderr.contains("certificate"), "{}", untrusted.stderr);
    let unknown = Program::run(follow(Some(&token)).await).await;
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("404"), "{}", unknown.stderr);
}

async fn fails(command: Command, code: i32, told: &str) {
    let Finished { code: ended, stdout, stderr } =
        Program::run_with_input(command, "{\"funcKey\": \"a\"}\n").await;
    assert_eq!((ended, stdout.as_str()), (Some(code), ""), "{stderr}");
    assert!(stderr.contains(told), "{stderr}");
}

#[tokio::test]
async fn what_can_not_work_ends_at_once_with_the_reason() {
    let server = Server::start().await;
    let room = Edge::open(&server.address).await;
    let url = url(&server.address);
    fails(command("publish", &url, &room.uuid), 1, "RTBROADCASTER_OWNER_KEY").await;
    let mut wrong_key = publish(&url, &room);
    wrong_key.env("RTBROADCASTER_OWNER_KEY", "0".repeat(48));
    fails(wrong_key, 1, "403").await;
    let unknown = "00000000-0000-4000-8000-000000000000";
    fails(command("follow", &url, unknown), 1, "404").await;
    fails(command("follow", &url, "../../healthz"), 2, "no uuid").await;
    fails(command("follow", "127.0.0.1:8080", &room.uuid), 2, "ws://").await;
    // A web server that knows no rooms.
    fails(command("follow", &format!("http://{}/elsewhere", server.address), &room.uuid), 1, "404").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_seen_enough_ends_the_follower() {
    let server = Server::start().await;
    let room = Edge::open(&server.address).await;
    let mut shell = Command::new("sh");
    let output = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("head");
    drop(fs::remove_file(&output));
    let program = Program::command();
    let path = program.as_std().get_program().to_str().expect("a path in UTF-8").to_owned();
    let follow = format!(
        "{path} follow {} --url {} | head -n 1 > {}",
        room.uuid,
        url(&server.address),
        output.display()
    );
    let mut child = shell.args(["-c", &follow]).kill_on_drop(true).spawn().expect("there is a shell");
    let has_read = async || {
        tokio::task::yield_now().await;
        fs::read_to_string(&output).is_ok_and(|text| text.ends_with('\n'))
    };
    eventually(&true, has_read).await;
    // It notices at the next line.
    while child.try_wait().expect("it can be waited for").is_none() {
        room.act("say").await;
    }
}
