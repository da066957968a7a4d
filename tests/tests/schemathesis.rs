//! Schemathesis, a property-based client that knows nothing but `openapi.json`, finds no difference
//! between that document and the server.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rtbroadcaster_tests::{Program, Request, python_program};
use tokio::process::Command;
use tokio::time::timeout;

/// The versions of all that it needs.
const REQUIREMENTS: &str = include_str!("../fixtures/schemathesis.txt");

/// Where the rooms are mounted, so that the document must say it.
const MOUNT: &str = "/deep/below/rooms-of-mine";

/// The path of the document.
const DOCUMENT: &str = "openapi.json";

/// The same requests each time.
const SEED: &str = "2";

/// How many requests are made up for each operation, beside those for each rule of its schemas.
const REQUESTS: &str = "25";

/// A stream of events has no end, so each is read for this time, in seconds.
const READ_SECONDS: &str = "1";

/// To run it takes a minute or so on a busy machine.
const PATIENCE: Duration = Duration::from_secs(900);

/// Runs a command. Fails with what it printed.
async fn run(command: &mut Command) -> Result<(), String> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.expect("it ends").expect("it starts");
    let text = [output.stdout, output.stderr].concat();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&text).into_owned()) }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// A server whose limits don't get in the way.
async fn server() -> Program {
    let many = "100000000";
    Program::start(&[
        "--path",
        MOUNT,
        "--rooms",
        many,
        "--rooms-per-minute-per-address",
        many,
        "--unknown-rooms-per-minute",
        many,
        "--handshakes-per-second",
        many,
        "--handshakes-per-second-per-address",
        many,
        "--owner-actions-per-second",
        many,
    ])
    .await
}

/// Lets it send requests to the server, as this configuration and these arguments say.
async fn finds_no_difference(program: &Path, server: &Program, configuration: &str, arguments: &[&str]) {
    let file = program.with_file_name(format!("{}.toml", server.process_id()));
    fs::write(&file, configuration).expect("a file in target/tmp");
    let mut command = Command::new(program);
    command.args(["--config-file", text(&file), "run"]);
    command.arg(format!("http://{}{MOUNT}/{DOCUMENT}", server.address));
    command.args(["--seed", SEED, "--max-examples", REQUESTS, "--request-timeout", READ_SECONDS]);
    command.args(["--continue-on-failure", "--no-color", "--generation-database", "none"]).args(arguments);
    // Its database of examples would be kept where it is started.
    command.current_dir(env!("CARGO_TARGET_TMPDIR"));
    if let Err(output) = run(&mut command).await {
        panic!("{output}");
    }
}

/// Headers and fields that a path doesn't know are ignored, as HTTP and docs/wire.md have it. No
/// schema can say that a stream takes one key, and that a question's number is not written as 1.0.
const LENIENT: &str = "[generation]\nallow-extra-parameters = false\n\n\
                       [[operations]]\ninclude-path-regex = \"/(events|requests)$\"\n\
                       [operations.checks]\npositive_data_acceptance.enabled = false\n";

#[tokio::test]
async fn it_finds_no_difference_between_the_document_and_the_server() {
    let Some(program) = python_program("schemathesis", REQUIREMENTS).await else { return };
    let server = server().await;
    finds_no_difference(&program, &server, LENIENT, &[]).await;

    // In a room that it may act on.
    let room = Request::new("POST", &format!("{MOUNT}/rooms")).send(&server.address).await.json();
    // The body may state ids that are below the number in the header, which no schema can say.
    let configuration = format!(
        "{LENIENT}\n[parameters]\n\"path.uuid\" = {}\n\n[auth.openapi]\nownerKey = {{ bearer = {} }}\n\n\
         [[operations]]\ninclude-path = \"/rooms/{{uuid}}/actions\"\n\
         [operations.checks]\npositive_data_acceptance.enabled = false\n",
        room["uuid"], room["ownerKey"]
    );
    let actions = ["--include-path-regex", "actions|events", "--exclude-method", "OPTIONS"];
    finds_no_difference(&program, &server, &configuration, &actions).await;
}
