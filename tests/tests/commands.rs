//! The commands for operators: `health`, `token`, `completions` and `manual`.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use rtbroadcaster_tests::{Certificate, Edge, Finished, Program, Request, Signer, seconds_from_now};
use serde_json::json;
use tokio::net::TcpListener;

const SECRET: &str = "a secret that is long enough for HS256";

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a folder in target");
    folder
}

async fn run(arguments: &[&str]) -> Finished {
    let mut command = Program::command();
    command.args(arguments);
    Program::run(command).await
}

/// Asks the server that listens there.
async fn health(address: &str, more: &[&str]) -> Finished {
    run(&[&["health", "--listen", address], more].concat()).await
}

#[tokio::test]
async fn health_tells_whether_the_server_lives_and_whether_it_takes_clients() {
    let program = Program::start(&["--drain-delay-ms", "86400000"]).await;
    let port = program.address.split(':').next_back().expect("a port");
    // A server that listens on all interfaces is asked on this one.
    for listen in [&program.address, &format!("0.0.0.0:{port}"), port] {
        for (more, said) in [(&[][..], "ok\n"), (&["--ready"], "ready\n")] {
            let mut more = more.to_vec();
            more.extend(["--creation", "open", "--allow-origin", "self"]);
            let finished = health(listen, &more).await;
            assert_eq!((finished.code, finished.stdout.as_str()), (Some(0), said), "{}", finished.stderr);
        }
    }
    program.signal("TERM").await;
    rtbroadcaster_tests::eventually(&Some(1), async || health(&program.address, &["--ready"]).await.code)
        .await;
    let draining = health(&program.address, &["--ready"]).await;
    let told = format!("error: http://{}/readyz: 503 shutting down\n", program.address);
    assert_eq!((draining.stdout.as_str(), draining.stderr.as_str()), ("", told.as_str()));
    assert_eq!(health(&program.address, &[]).await.code, Some(0), "it lives until it has ended");
}

#[tokio::test]
async fn health_speaks_tls_where_the_server_does() {
    let certificate = Certificate::create(&folder("health"), "health");
    let program = Program::start(&certificate.arguments()).await;
    let finished = health(&program.address, &certificate.arguments()).await;
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(0), "ok\n"), "{}", finished.stderr);
}

#[tokio::test]
async fn health_says_what_is_wrong() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let silent = health(&address, &["--timeout-ms", "50"]).await;
    assert_eq!(silent.code, Some(1));
    assert!(silent.stderr.contains("no answer within 50 ms"), "{}", silent.stderr);
    drop(listener);
    let gone = health(&address, &[]).await;
    assert_eq!(gone.code, Some(1));
    assert!(gone.stderr.contains(&address) && gone.stderr.contains("nobody listens"), "{}", gone.stderr);
    let any = health("127.0.0.1:0", &[]).await;
    assert_eq!(any.code, Some(2));
    assert!(any.stderr.contains("--listen"), "{}", any.stderr);
}

async fn token(arguments: &[&str], input: &str) -> Finished {
    let mut command = Program::command();
    command.arg("token").args(arguments).env("RTBROADCASTER_JWT_SECRET", SECRET);
    Program::run_with_input(command, input).await
}

#[tokio::test]
async fn a_token_that_is_made_is_taken_by_a_server_and_by_check() {
    let audience = ["--jwt-audience", "rooms", "--jwt-issuer", "a,b"];
    let mut command = Program::command();
    command.args(["--listen", "127.0.0.1:0", "--creation", "token", "--joins", "token"]).args(audience);
    command.env("RTBROADCASTER_JWT_SECRET", SECRET);
    let program = Program::listening(command).await;
    let new = token(&[&["new", "--create", "--subject", "ann"][..], &audience].concat(), "").await;
    assert_eq!((new.code, new.stderr.as_str()), (Some(0), ""));
    let opened = Request::new("POST", &Edge::rooms()).bearing(new.stdout.trim()).send(&program.address).await;
    assert_eq!(opened.status, 201, "{}", opened.body);
    let checked = token(&[&["check"][..], &audience].concat(), &new.stdout).await;
    assert_eq!((checked.code, checked.stderr.as_str()), (Some(0), ""));
    let lines: Vec<_> = checked.stdout.lines().collect();
    let allowed = ["open rooms: yes", "claim a room with its owner key: yes", "follow a room: no"];
    assert_eq!(lines[..3], allowed, "{}", checked.stdout);
    assert!(lines[3].starts_with("ends: in 3") && lines[3].ends_with(" s"), "{}", checked.stdout);
    assert!(checked.stdout.contains("note: joins is open"), "{}", checked.stdout);
    // Without the audience it is for somebody else.
    let elsewhere = token(&["check"], &new.stdout).await;
    assert_eq!(elsewhere.code, Some(1));
    assert!(elsewhere.stderr.contains("\"aud\""), "{}", elsewhere.stderr);
}

#[tokio::test]
async fn a_token_for_one_room_is_checked_for_that_room() {
    let room = "3f0c1f6e-8a51-4c0e-9d0b-6c1f4b0e7a52";
    let new = token(&["new", "--join", "--room", room, "--lifetime-s", "60"], "").await;
    let checked = token(&["check"], &new.stdout).await;
    let expected = format!("claim a room with its owner key: no\nfollow a room: yes\nroom: {room}\n");
    assert!(checked.stdout.contains(&expected), "{}", checked.stdout);
    let other = token(&["check", "--room", "00000000-0000-4000-8000-000000000000"], &new.stdout).await;
    assert!(other.stdout.contains("follow a room: no\n"), "{}", other.stdout);
}

#[tokio::test]
async fn a_token_that_no_server_takes_is_refused_with_the_reason() {
    let signer = Signer::hs256(SECRET);
    let expired = signer.sign(&json!({"exp": seconds_from_now(-60), "join": true}));
    let forged = Signer::hs256("another secret, which is as long as").for_all();
    for (input, told) in [
        (expired.as_str(), "has expired"),
        (&forged, "signature is wrong"),
        ("nonsense", "neither a key"),
        ("", "no token on standard input"),
    ] {
        let checked = token(&["check"], input).await;
        assert_eq!((checked.code, checked.stdout.as_str()), (Some(1), ""), "{input}");
        assert!(checked.stderr.contains(told), "{}", checked.stderr);
        assert!(input.is_empty() || !checked.stderr.contains(input), "a token is shown");
    }
    let signed = run(&["token", "new", "--join"]).await;
    assert_eq!(signed.code, Some(1));
    assert!(signed.stderr.contains("RTBROADCASTER_JWT_SECRET"), "{}", signed.stderr);
    for wrong in [&["new"][..], &["new", "--join", "--lifetime-s", "0"], &[]] {
        assert_eq!(token(wrong, "").await.code, Some(2), "{wrong:?}");
    }
    assert_eq!(token(&["new", "--join", "--room", "7"], "").await.code, Some(1));
}

#[tokio::test]
async fn secrets_are_random_and_long_enough_for_every_setting() {
    let (one, other) = (run(&["token", "secret"]).await, run(&["token", "secret"]).await);
    assert_ne!(one.stdout, other.stdout);
    let mut command = Program::command();
    command.args(["config", "--creation", "token"]);
    for name in ["API_KEYS", "JOIN_KEYS", "PUBLISH_KEYS", "JWT_SECRET", "ADMIN_TOKEN", "METRICS_TOKEN"] {
        command.env(format!("RTBROADCASTER_{name}"), one.stdout.trim());
    }
    let taken = Program::run(command).await;
    assert_eq!((taken.code, taken.stderr.as_str()), (Some(0), ""));
}

/// Every long flag of a text.
fn flags(text: &str) -> BTreeSet<&str> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '-';
    let ends = |rest: &str| rest.find(|character| !is_part(character)).unwrap_or(rest.len());
    text.split(" --").skip(1).map(|rest| &rest[..ends(rest)]).filter(|flag| !flag.is_empty()).collect()
}

#[tokio::test]
async fn shells_complete_every_flag_and_command() {
    let help = run(&["--help"]).await.stdout;
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]).await;
        assert_eq!((script.code, script.stderr.as_str()), (Some(0), ""), "{shell}");
        for word in flags(&help).into_iter().chain(["health", "token", "secret"]) {
            assert!(script.stdout.contains(word), "{shell} doesn't know {word}");
        }
    }
    let script = run(&["completions", "bash"]).await.stdout;
    let file = folder("completions").join("rtbroadcaster.bash");
    fs::write(&file, script).expect("a file in target");
    // It asks bash itself, which completes the only flag that begins so.
    let line = "COMP_WORDS=(rtbroadcaster --ring-a); COMP_CWORD=1; _rtbroadcaster rtbroadcaster --ring-a rtbroadcaster; \
                echo \"${COMPREPLY[*]}\"";
    let mut bash = tokio::process::Command::new("bash");
    bash.arg("-c").arg(format!("source {}; {line}", file.display()));
    let completed = Program::run(bash).await;
    assert_eq!(completed.stdout, "--ring-actions\n", "{}", completed.stderr);
}

#[tokio::test]
async fn the_manual_has_a_page_for_each_command_and_the_settings_in_one() {
    let folder = folder("manual");
    let written = run(&["manual", folder.to_str().expect("a path in UTF-8")]).await;
    assert_eq!((written.code, written.stderr.as_str()), (Some(0), ""));
    let page =
        |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let main = page("rtbroadcaster.1").replace("\\-", "-");
    for flag in flags(&run(&["--help"]).await.stdout) {
        assert!(main.contains(flag), "{flag}");
    }
    for name in
        ["config", "check", "rooms", "export", "forget", "health", "token", "token-new", "completions"]
    {
        let page = page(&format!("rtbroadcaster-{name}.1")).replace("\\-", "-");
        assert!(page.contains(".SH") && !page.contains("--ring-actions"), "{name}");
    }
    let nowhere = run(&["manual", "no/such/folder"]).await;
    assert_eq!(nowhere.code, Some(1));
    assert!(nowhere.stderr.contains("no/such/folder"), "{}", nowhere.stderr);
}

#[tokio::test]
async fn a_command_that_takes_no_settings_refuses_them() {
    for arguments in [&["completions", "bash", "--rooms=5"][..], &["--rooms=5", "completions", "bash"]] {
        let finished = run(arguments).await;
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{arguments:?}");
    }
}
