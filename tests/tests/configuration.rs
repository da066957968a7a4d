//! The sources of the program's settings (file, environment and flags), and the messages about
//! wrong settings.

use std::fs;
use std::path::PathBuf;

use rtbroadcaster_tests::{Client, Finished, Program, message};

/// Writes a configuration file with this name and text.
fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("a file in target/tmp");
    path.into_os_string().into_string().expect("a path in UTF-8")
}

async fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Finished {
    let mut command = Program::command();
    command.args(arguments).envs(environment.iter().copied());
    Program::run(command).await
}

/// The output of `config`, which must succeed.
async fn effective(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut all = vec!["config"];
    all.extend(arguments);
    let finished = run(&all, environment).await;
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    finished.stdout
}

/// The lines that `check` prints about a wrong file, without the file's path.
async fn wrong(name: &str, text: &str) -> Vec<String> {
    let path = file(name, text);
    let finished = run(&["check", &path], &[]).await;
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{}", finished.stderr);
    finished.stderr.lines().map(|line| line.replace(&path, "FILE")).collect()
}

#[tokio::test]
async fn flags_win_over_the_environment_and_that_over_the_file_and_that_over_the_defaults() {
    let path = file("precedence.toml", "[limits]\nrooms = 1\nring-actions = 1\nconnections = 1\n");
    let environment = [
        ("RTBROADCASTER_CONFIG", path.as_str()),
        ("RTBROADCASTER_ROOMS", "2"),
        ("RTBROADCASTER_RING_ACTIONS", "2"),
    ];
    let printed = effective(&["--rooms", "3"], &environment).await;
    for line in [
        "rooms = 3 # flag --rooms".to_owned(),
        "ring-actions = 2 # environment RTBROADCASTER_RING_ACTIONS".to_owned(),
        format!("connections = 1 # {path}:4"),
        "message-bytes = 65536 # default".to_owned(),
    ] {
        assert!(printed.lines().any(|other| other == line), "{line} in {printed}");
    }
}

#[tokio::test]
async fn what_config_prints_is_a_file_that_sets_the_same() {
    let arguments = [
        "--path=/my/rooms",
        "--allow-origin=https://a.example,https://b.example",
        "--allow-origin=https://c.example",
        "--log=info,rtbroadcaster=debug",
        "--www=/a \"quoted\" \\ folder",
        "--rooms=5",
    ];
    let printed = effective(&arguments, &[]).await;
    let path = file("printed.toml", &printed);
    let again = effective(&["--config", &path], &[]).await;
    let values = |text: &str| {
        let lines =
            text.lines().map(|line| line.rsplit_once(" # ").map_or(line, |(value, _)| value).to_owned());
        lines.collect::<Vec<_>>()
    };
    assert_eq!(values(&printed), values(&again));
    let origins = r#"["self", "https://a.example", "https://b.example", "https://c.example"]"#;
    assert!(printed.contains(&format!("allow-origin = {origins} # flag --allow-origin")), "{printed}");
}

#[tokio::test]
async fn the_example_lists_every_setting_at_its_default() {
    let example = run(&["config", "--example"], &[]).await;
    assert_eq!(example.code, Some(0));
    // Turns comments that hold a setting into settings.
    let is_setting =
        |line: &&str| line.strip_prefix("# ").is_some_and(|rest| rest.split(' ').nth(1) == Some("="));
    let lines = example.stdout.lines().map(|line| if is_setting(&line) { &line[2..] } else { line });
    let path = file("example.toml", &lines.collect::<Vec<_>>().join("\n"));
    let printed = effective(&["--config", &path], &[]).await;
    for line in printed.lines().filter(|line| line.contains(" = ")) {
        assert!(line.contains(&format!(" # {path}:")), "the example has no {line}");
    }
    let values = |text: &str| {
        let lines = text.lines().map(|line| line.split(" # ").next().unwrap_or_default().to_owned());
        lines.collect::<Vec<_>>()
    };
    assert_eq!(values(&printed), values(&effective(&[], &[]).await));
}

#[tokio::test]
async fn the_program_serves_as_its_file_says() {
    let path = file(
        "serves.toml",
        "[server]\nlisten = \"127.0.0.1:0\"\npath = \"/from/a/file\"\n[limits]\nmessage-bytes = 1000\n",
    );
    let mut command = Program::command();
    command.args(["--config", &path]);
    let program = Program::listening(command).await;
    let mut owner = Client::connect_at(&program.address, "/from/a/file").await;
    owner.send(message::session_create("s")).await;
    assert_eq!(owner.next().await["limits"]["messageBytes"], 1_000);
}

#[tokio::test]
async fn check_names_line_column_and_key_of_all_that_is_wrong_in_the_order_of_the_file() {
    let text = "[limits]\nromms = 5\nrooms = 0\nring-actions = \"many\"\n\n[server]\nlisten = 5\npath = \"x\"\n\n\
                [access]\nallow-origin = \"*\"\n";
    assert_eq!(
        wrong("wrong.toml", text).await,
        [
            "error: FILE:2:1: limits.romms: is no setting: did you mean limits.rooms?",
            "error: FILE:3:9: limits.rooms: must be a whole number from 1 to 4294967295",
            "error: FILE:4:16: limits.ring-actions: must be a whole number from 1 to 4294967295, not a string",
            "error: FILE:7:10: server.listen: must be a string, not a number",
            "error: FILE:8:8: server.path: must start with /, as /broadcasting",
            "error: FILE:11:16: access.allow-origin: must be a list of strings, not a string",
        ]
    );
}

#[tokio::test]
async fn check_names_line_and_column_of_what_is_no_toml() {
    let told = wrong("no.toml", "[limits]\nrooms = \n").await;
    assert!(told[0].starts_with("error: FILE:2:"), "{told:?}");
}

#[tokio::test]
async fn a_contradiction_names_both_settings_and_where_they_come_from() {
    assert_eq!(
        wrong("contradiction.toml", "[limits]\nping-interval-ms = 60000\n").await,
        [
            "error: limits.ping-interval-ms (60000, FILE:2): must be below limits.idle-timeout-ms (60000, the default), \
          or every quiet client is cut off"
        ]
    );
    let finished = run(&["--ring-bytes=65535"], &[("RTBROADCASTER_MESSAGE_BYTES", "65536")]).await;
    assert_eq!(finished.code, Some(2));
    assert_eq!(
        finished.stderr,
        "error: limits.ring-bytes (65535, flag --ring-bytes): must not be below limits.message-bytes (65536, \
         environment RTBROADCASTER_MESSAGE_BYTES), or the largest actions never fit\n"
    );
}

#[tokio::test]
async fn check_is_content_with_a_file_in_which_nothing_is_wrong() {
    let path = file("fine.toml", "[limits]\nrooms = 5\n");
    let finished = run(&["check", &path], &[]).await;
    assert_eq!(finished.code, Some(0));
    assert_eq!(finished.stdout, format!("{path}: nothing is wrong\n"));
}

#[tokio::test]
async fn a_file_that_cannot_be_read_ends_it_with_2_and_says_so() {
    let finished = run(&["--config", "no/such/file"], &[]).await;
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.starts_with("error: no/such/file: cannot be read: "), "{}", finished.stderr);
}

#[tokio::test]
async fn a_wrong_file_is_not_served() {
    let path = file("unserved.toml", "[limits]\nromms = 5\n");
    let finished = run(&["--config", &path, "--listen", "127.0.0.1:0"], &[]).await;
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""));
    assert!(finished.stderr.contains("limits.romms"), "{}", finished.stderr);
}

#[tokio::test]
async fn a_misspelt_variable_is_told() {
    let finished = run(&["config"], &[("RTBROADCASTER_ROMS", "5")]).await;
    assert_eq!(finished.code, Some(0));
    assert_eq!(
        finished.stderr,
        "warning: the environment variable RTBROADCASTER_ROMS is no setting: did you mean RTBROADCASTER_ROOMS?\n"
    );
}

const API_KEY: &str = "an-api-key-that-nobody-guesses";
const JWT_SECRET: &str = "a secret of at least thirty-two bytes";

#[tokio::test]
async fn secrets_are_taken_from_file_and_environment_and_never_shown() {
    let path = file(
        "secret.toml",
        &format!("[access]\ncreation = \"token\"\napi-keys = [\"{API_KEY}\", \"{API_KEY}2\"]\n"),
    );
    let environment = [("RTBROADCASTER_JWT_SECRET", JWT_SECRET)];
    let printed = effective(&["--config", &path], &environment).await;
    for line in [
        format!("api-keys = [\"(hidden)\", \"(hidden)\"] # {path}:3"),
        "jwt-secret = \"(hidden)\" # environment RTBROADCASTER_JWT_SECRET".to_owned(),
    ] {
        assert!(printed.lines().any(|other| other == line), "{line} in {printed}");
    }
    assert!(!printed.contains(API_KEY) && !printed.contains(JWT_SECRET));
    let help = run(&["--help"], &environment).await.stdout;
    assert!(help.contains("RTBROADCASTER_JWT_SECRET") && !help.contains(JWT_SECRET), "{help}");
}

#[tokio::test]
async fn secrets_are_no_flags_and_not_repeated_where_something_is_wrong_with_them() {
    for flag in
        ["--api-keys", "--join-keys", "--publish-keys", "--jwt-secret", "--admin-token", "--metrics-token"]
    {
        let finished = run(&[&format!("{flag}={API_KEY}")], &[]).await;
        assert_eq!(finished.code, Some(2));
        assert!(finished.stderr.contains(flag) && !finished.stderr.contains(API_KEY), "{}", finished.stderr);
    }
    let text = "[access]\napi-keys = [\"a-key-of-some-length\", \"short-secret\"]\njoin-keys = \"secret\"\njwt-secret = \"a secret\"\n";
    assert_eq!(
        wrong("wrong-secret.toml", text).await,
        [
            "error: FILE:2:12: access.api-keys: must have 16 characters or more, each printable ASCII but no space and \
             no comma: number 2 has not",
            "error: FILE:3:13: access.join-keys: must be a list of strings, not a string",
            "error: FILE:4:14: access.jwt-secret: must have 32 bytes or more",
        ]
    );
    let no_toml = wrong("unfinished-secret.toml", "[access]\njwt-secret = \"a secret\n").await;
    assert!(no_toml[0].starts_with("error: FILE:2:") && !no_toml[0].contains("a secret"), "{no_toml:?}");
}

#[tokio::test]
async fn a_gate_without_a_key_and_a_key_without_a_gate_are_contradictions() {
    let cases = [
        (
            "creation = \"token\"\n",
            "access.creation (token, FILE:2): nobody has a token that passes: set access.api-keys, access.jwt-secret or \
             access.jwks",
        ),
        (
            "joins = \"token\"\n",
            "access.joins (token, FILE:2): nobody has a token that passes: set access.join-keys, access.api-keys, \
             access.jwt-secret or access.jwks",
        ),
        (
            "jwks = \"keys.json\"\n",
            "access.jwks (FILE:2): nobody is asked for a token while access.creation (open, the default) and \
             access.joins (open, the default): make one of them token",
        ),
        (
            "jwt-audience = [\"rooms\"]\n",
            "access.jwt-audience (FILE:2): no JSON web token is accepted without access.jwt-secret or access.jwks: set \
             one of them too",
        ),
    ];
    for (text, told) in cases {
        let text = format!("[access]\n{text}");
        assert_eq!(wrong("gates.toml", &text).await, [format!("error: {told}")]);
    }
}

#[tokio::test]
async fn what_access_settings_must_be_is_said() {
    let cases = [
        ("creation = \"opne\"", "creation: must be open (everybody) or token (who has a token that says so)"),
        (
            "jwks = \"http://user:pass@a.example/keys\"",
            "jwks: must be a file, or an address as https://host/path, without user name or password",
        ),
        (
            "allow-origin = [\"example.org\"]",
            "allow-origin: must be an origin: a scheme and a host, and a port if it isn't the scheme's own, as \
             https://example.org or https://*.example.org (every host below); null is that of pages from files and \
             sandboxes; * allows every origin, self only the server's own, not example.org",
        ),
    ];
    for (line, told) in cases {
        let column = line.find("= ").unwrap() + 3;
        let expected = format!("error: FILE:2:{column}: access.{told}");
        assert_eq!(wrong("access.toml", &format!("[access]\n{line}\n")).await, [expected]);
    }
}

#[tokio::test]
async fn an_administration_that_nobody_gets_into_is_a_contradiction_and_its_tokens_are_hidden() {
    let told = "error: admin.admin-listen (127.0.0.1:9090, FILE:2): nobody has a token that is asked for there: set \
                admin.admin-token or admin.metrics-token";
    assert_eq!(wrong("admin.toml", "[admin]\nadmin-listen = \"127.0.0.1:9090\"\n").await, [told]);
    let short = "error: FILE:2:15: admin.admin-token: must have 16 characters or more, each printable ASCII but no space";
    assert_eq!(wrong("short.toml", "[admin]\nadmin-token = \"hush\"\n").await, [short]);
    let environment = [("RTBROADCASTER_ADMIN_TOKEN", API_KEY), ("RTBROADCASTER_METRICS_TOKEN", API_KEY)];
    let printed = effective(&["--admin-listen", "9090"], &environment).await;
    assert!(
        printed.contains("admin-token = \"(hidden)\" # environment RTBROADCASTER_ADMIN_TOKEN"),
        "{printed}"
    );
    assert!(!printed.contains(API_KEY), "{printed}");
}
