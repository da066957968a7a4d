//! Runs the examples in docs/http.md.

use std::process::Stdio;

use rtbroadcaster_tests::{Program, within};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

const DOCUMENT: &str = include_str!("../../docs/http.md");
/// The server's address in the examples.
const ADDRESS: &str = "127.0.0.1:8080";
const UUID: &str = "3f0c1f6e-8a51-4c0e-9d0b-6c1f4b0e7a52";
const KEY: &str = "5d41402abc4b2a76b9719d911017c592b1946ac92492d234";

/// The blocks of code of one kind, in order.
fn blocks(kind: &str) -> Vec<&'static str> {
    let begin = format!("```{kind}\n");
    DOCUMENT
        .split(&begin)
        .skip(1)
        .map(|rest| rest.split("```").next().expect("a block ends").trim_end())
        .collect()
}

/// A shell that runs this script. `meant` replaces texts of the document by the real ones.
fn shell(script: &str, meant: &[(&str, &str)]) -> Command {
    let script = meant.iter().fold(script.to_owned(), |script, (text, meant)| script.replace(text, meant));
    let mut command = Command::new("bash");
    command.args(["-ec", &script]).stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn output(mut command: Command) -> String {
    let output = within("a command to end", command.output()).await.expect("bash and curl are installed");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

#[tokio::test]
async fn the_examples_do_what_the_document_says() {
    let program = Program::start(&[]).await;
    let scripts = blocks("sh");
    let [create, variables, follow, act, act_again, close, invite] = scripts[..] else {
        panic!("{scripts:?}")
    };
    let answers = blocks("json");
    let [created, acted, acted_again] = answers[..] else { panic!("{answers:?}") };

    let reply = output(shell(create, &[(ADDRESS, &program.address)])).await;
    let reply: Value = serde_json::from_str(&reply).expect("JSON");
    let text = |field: &str| reply[field].as_str().expect("a text").to_owned();
    let (uuid, key) = (text("uuid"), text("ownerKey"));
    let meant = [(ADDRESS, program.address.as_str()), (UUID, &uuid), (KEY, &key)];
    let as_documented = |text: &str| text.replace(&uuid, UUID).replace(&key, KEY);
    assert_eq!(
        as_documented(&reply.to_string()),
        serde_json::from_str::<Value>(created).expect("JSON").to_string()
    );

    let with_variables = |script: &str| shell(&format!("{variables}\n{script}"), &meant);
    let mut following =
        with_variables(follow).stdout(Stdio::piped()).spawn().expect("bash and curl are installed");
    let mut stdout = BufReader::new(following.stdout.take().expect("its stdout is a pipe"));
    let mut heard = String::new();
    while !heard.contains("away") {
        within("events", stdout.read_line(&mut heard)).await.expect("text");
    }
    assert_eq!(output(with_variables(act)).await, acted);
    for _ in 0..2 {
        assert_eq!(output(with_variables(act_again)).await, acted_again);
    }
    let invited: Value = serde_json::from_str(&output(with_variables(invite)).await).expect("JSON");
    assert_eq!((&invited["ask"], invited["seat"].is_u64()), (&Value::from(1), true), "{invited}");
    assert_eq!(output(with_variables(close)).await, "");
    within("the end of the events", stdout.read_to_string(&mut heard)).await.expect("text");
    assert_eq!(as_documented(heard.trim_end()), blocks("text")[0]);
}
