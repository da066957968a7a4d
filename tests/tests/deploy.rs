//! Everything that the files under `server/deploy/` and the examples in `docs/operating.md` mention
//! exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use rtbroadcaster_tests::{Finished, Program};

const UNIT: &str = include_str!("../../server/deploy/rtbroadcaster.service");
const DOCKERFILE: &str = include_str!("../../server/deploy/Dockerfile");
const COMPOSE: &str = include_str!("../../server/deploy/cluster/compose.yaml");
const OPERATING: &str = include_str!("../../docs/operating.md");

/// Flags of other programs in the documentation.
const OTHER_FLAGS: [&str; 9] =
    ["--build", "--deploy-hook", "--time", "--file", "--tag", "--env", "--publish", "--volume", "--now"];

async fn run(arguments: &[&str], environment: &[(String, String)]) -> Finished {
    let mut command = Program::command();
    command.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
    Program::run(command).await
}

async fn help() -> String {
    let mut help = String::new();
    for of in [
        &["--help"][..],
        &["config", "--help"],
        &["rooms", "--help"],
        &["health", "--help"],
        &["token", "new", "--help"],
        &["publish", "--help"],
    ] {
        help += &run(of, &[]).await.stdout;
    }
    help
}

/// The words of a text that begin with `start`.
fn words<'a>(text: &'a str, start: &str) -> BTreeSet<&'a str> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    text.match_indices(start)
        .filter(|(at, _)| !text[..*at].ends_with(is_part))
        .map(|(at, _)| {
            let rest = &text[at..];
            rest[..rest.find(|character| !is_part(character)).unwrap_or(rest.len())].trim_end_matches('-')
        })
        .filter(|word| word.len() > start.len())
        .collect()
}

/// The value of a key in the systemd unit.
fn unit(key: &str) -> &'static str {
    let line = UNIT.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    line.unwrap_or_else(|| panic!("the unit has no {key}"))
}

/// The default of a setting whose value is a number.
async fn default(name: &str) -> u64 {
    let printed = run(&["config"], &[]).await.stdout;
    let value = printed.lines().find_map(|line| line.strip_prefix(&format!("{name} = "))?.split(' ').next());
    value.unwrap_or_else(|| panic!("no setting {name}")).parse().expect("a number")
}

#[tokio::test]
async fn every_flag_and_variable_that_is_shown_is_one() {
    let help = help().await;
    let known = words(&help, "--");
    for (name, text) in [("the unit", UNIT), ("operating.md", OPERATING)] {
        for flag in words(text, "--").iter().filter(|flag| !OTHER_FLAGS.contains(flag)) {
            assert!(known.contains(flag), "{flag} in {name}");
        }
    }
    let known = words(&help, "RTBROADCASTER_");
    for (name, text) in [
        ("the unit", UNIT),
        ("the Dockerfile", DOCKERFILE),
        ("compose.yaml", COMPOSE),
        ("operating.md", OPERATING),
    ] {
        for variable in words(text, "RTBROADCASTER_") {
            assert!(known.contains(variable), "{variable} in {name}");
        }
    }
}

#[tokio::test]
async fn the_unit_leaves_time_for_the_drain_and_descriptors_for_every_connection() {
    let seconds: u64 = unit("TimeoutStopSec").parse().unwrap();
    let drain = default("drain-delay-ms").await + default("drain-ms").await + 5_000;
    assert!(seconds * 1_000 > drain, "{seconds} s for {drain} ms");
    let descriptors: u64 = unit("LimitNOFILE").parse().unwrap();
    assert!(descriptors >= default("connections").await + 256);
    assert_eq!((unit("KillSignal"), unit("ExecReload")), ("SIGTERM", "/bin/sh -c \"kill -HUP $MAINPID\""));
}

#[tokio::test]
async fn docker_waits_as_long_as_the_drain_takes_at_most() {
    assert!(default("drain-delay-ms").await + default("drain-ms").await + 5_000 <= 10_000);
}

#[tokio::test]
async fn the_container_starts_with_what_its_dockerfile_sets_and_shows() {
    let set = DOCKERFILE.split_once("ENV ").expect("an ENV").1.replace("\\\n", " ");
    let set = set.lines().next().expect("a line").split_whitespace();
    let shown = DOCKERFILE.split("--env ").skip(1).filter_map(|rest| rest.split_whitespace().next());
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').expect("NAME=VALUE");
        (name.to_owned(), value.to_owned())
    };
    let set: Vec<_> = set.map(pair).collect();
    let undecided = run(&["config"], &set).await;
    assert_eq!(undecided.code, Some(2), "others reach it, so it wants to be told for whom it is");
    let all: Vec<_> = set.into_iter().chain(shown.map(pair)).collect();
    let decided = run(&["config"], &all).await;
    assert_eq!((decided.code, decided.stderr.as_str()), (Some(0), ""));
    assert!(decided.stdout.contains("listen = \"0.0.0.0:8080\"") && DOCKERFILE.contains("EXPOSE 8080"));
}

#[tokio::test]
async fn the_nodes_of_the_compose_file_start_with_what_it_sets() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../server/deploy/cluster"));
    let mounted = COMPOSE.split("\"./").skip(1).filter_map(|rest| rest.split(':').next());
    for file in mounted.chain(["../../../server/deploy/Dockerfile"]) {
        assert!(folder.join(file).is_file(), "{file}");
    }
    let set = |line: &str| {
        let (name, value) = line.trim().split_once(": ")?;
        name.starts_with("RTBROADCASTER_").then(|| (name.to_owned(), value.to_owned()))
    };
    let mut set: Vec<_> = COMPOSE.lines().filter_map(set).collect();
    // As the Dockerfile has it.
    set.push(("RTBROADCASTER_LISTEN".to_owned(), "0.0.0.0:8080".to_owned()));
    let decided = run(&["config"], &set).await;
    assert_eq!((decided.code, decided.stderr.as_str()), (Some(0), ""));
    for server in 1..=3 {
        assert!(decided.stdout.contains(&format!("nats://nats-{server}:4222")), "{}", decided.stdout);
    }
}

#[tokio::test]
async fn the_containers_health_is_asked_with_nothing_but_its_environment() {
    let command = DOCKERFILE
        .split_once("HEALTHCHECK ")
        .expect("a HEALTHCHECK")
        .1
        .split_once("CMD ")
        .expect("a command")
        .1;
    let words: Vec<String> =
        serde_json::from_str(command.lines().next().expect("a line")).expect("a list of words");
    assert_eq!(words[0], "/usr/local/bin/rtbroadcaster");
    assert!(DOCKERFILE.contains(&format!("ENTRYPOINT [\"{}\"]", words[0])));
    let arguments: Vec<_> = words[1..].iter().map(String::as_str).collect();
    let program = Program::start(&[]).await;
    let listen = ("RTBROADCASTER_LISTEN".to_owned(), program.address.clone());
    let asked = run(&arguments, std::slice::from_ref(&listen)).await;
    assert_eq!((asked.code, asked.stdout.as_str()), (Some(0), "ok\n"), "{}", asked.stderr);
    drop(program);
    let down = async || run(&arguments, std::slice::from_ref(&listen)).await.code;
    rtbroadcaster_tests::eventually(&Some(1), down).await;
}

#[tokio::test]
async fn every_configuration_that_the_documentation_shows_is_one() {
    let blocks = OPERATING.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut count = 0;
    for block in blocks {
        count += 1;
        // The placeholder for a secret must be as long as a secret.
        let mut text = block.replace('…', "a-secret-that-is-long-enough-for-any");
        if !text.contains("[access]") {
            text.push_str("[access]\ncreation = \"open\"\nallow-origin = [\"self\"]\n");
        }
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("operating-{count}.toml"));
        fs::write(&path, text).unwrap();
        let finished = run(&["check", path.to_str().unwrap()], &[]).await;
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{block}");
    }
    assert!(count >= 3, "the documentation shows some");
}
