//! `cargo xtask autobahn`: the Autobahn test suite against an echo made of our own websocket code.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::process::{execute, on_path, say};
use crate::server::RunningServer;
use crate::workspace::{Profile, Workspace};

/// The sections that are about the protocol. Section 9 is about speed, 12 and 13 about compression,
/// which we don't offer.
const SECTIONS: [(u32, &str); 8] = [
    (1, "Framing"),
    (2, "Pings and pongs"),
    (3, "Reserved bits"),
    (4, "Opcodes"),
    (5, "Fragmentation"),
    (6, "UTF-8"),
    (7, "Closing"),
    (10, "Automatic fragmentation"),
];

/// The name under which the suite reports.
const AGENT: &str = "rtbroadcaster";

const HOW_TO_GET_WSTEST: &str = "install it with `pip install autobahntestsuite==0.8.2` under Python 2.7, the only one \
    it runs with, or name it with --wstest";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The suite's program.
    #[arg(long, value_name = "PROGRAM", default_value = "wstest")]
    wstest: String,
    /// Keep the results as docs/autobahn.md.
    #[arg(long)]
    save: bool,
}

/// How a case ended, in the suite's own words.
#[derive(Debug, Clone, Deserialize)]
struct Outcome {
    behavior: String,
    #[serde(rename = "behaviorClose")]
    close: String,
}

impl Outcome {
    fn passes(&self) -> bool {
        // The suite's documentation counts the last two as passed.
        const GOOD: [&str; 3] = ["OK", "NON-STRICT", "INFORMATIONAL"];
        GOOD.contains(&&*self.behavior) && GOOD.contains(&&*self.close)
    }
}

/// The outcome of each case, by the case's number: `[1, 1, 1]` is case 1.1.1.
type Outcomes = BTreeMap<Vec<u32>, Outcome>;

/// `cargo xtask autobahn`.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    ensure!(
        Path::new(&args.wstest).is_file() || on_path(&args.wstest).is_some(),
        "there is no {}: {HOW_TO_GET_WSTEST}",
        args.wstest
    );
    let select = ["--package", "rtbroadcaster", "--features", "internals", "--example", "echo"];
    execute(workspace.cargo(["build", "--release"]).args(select))?;
    let folder = workspace.target("autobahn");
    let echo = workspace.binary(Profile::Release, "examples/echo");
    let server = RunningServer::spawn(&mut Command::new(echo), &folder.join("echo.log"))?;
    say("running the suite; this takes some 15 s");
    let specification = serde_json::json!({
        "outdir": folder,
        "servers": [{ "agent": AGENT, "url": format!("ws://127.0.0.1:{}", server.port()) }],
        "cases": SECTIONS.map(|(number, _)| format!("{number}.*")),
        "exclude-cases": [],
        "exclude-agent-cases": {},
    });
    let file = folder.join("specification.json");
    fs::write(&file, specification.to_string()).context("cannot write the suite's specification")?;
    execute(Command::new(&args.wstest).args(["--mode", "fuzzingclient", "--spec"]).arg(&file))?;
    let text = fs::read_to_string(folder.join("index.json")).context("the suite left no results")?;
    let outcomes = read(&text)?;
    let table = markdown(&outcomes);
    println!("{table}");
    if args.save {
        fs::write(workspace.path("docs/autobahn.md"), table).context("cannot write docs/autobahn.md")?;
    }
    let failed: Vec<_> =
        outcomes.iter().filter(|(_, outcome)| !outcome.passes()).map(|(case, _)| named(case)).collect();
    ensure!(failed.is_empty(), "not passed: {}; see {}", failed.join(", "), folder.display());
    Ok(())
}

fn read(index: &str) -> anyhow::Result<Outcomes> {
    let mut agents: BTreeMap<String, BTreeMap<String, Outcome>> =
        serde_json::from_str(index).context("the suite's results are not what they used to be")?;
    let cases = agents.remove(AGENT).context("the suite has no results for us")?;
    let number = |case: &str| case.split('.').map(str::parse).collect::<Result<Vec<u32>, _>>();
    cases
        .into_iter()
        .map(|(case, outcome)| Ok((number(&case).with_context(|| format!("{case} is no case"))?, outcome)))
        .collect()
}

fn named(case: &[u32]) -> String {
    case.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

/// The document's beginning, down to the head of its first table.
const INTRODUCTION: &str = "\
# The Autobahn test suite

Written by `cargo xtask autobahn --save`: the suite's fuzzing client (0.8.2) against
`server/examples/echo.rs`, an echo made of the websocket code that serves the rooms.

- The three informational cases are about what the protocol leaves open.
- The non-strict cases expect a fragmented text message to be given up at the fragment with the
  first byte that isn't UTF-8. We check the whole message, and close with the same code.

| section | cases | passed | non-strict | informational | failed |
|---|---|---|---|---|---|
";

fn markdown(outcomes: &Outcomes) -> String {
    let mut out = INTRODUCTION.to_owned();
    for (section, name) in SECTIONS {
        let cases: Vec<_> = outcomes.iter().filter(|(case, _)| case.first() == Some(&section)).collect();
        let count =
            |behavior| cases.iter().filter(|(_, case)| case.passes() && case.behavior == behavior).count();
        let failed = cases.iter().filter(|(_, case)| !case.passes()).count();
        let (passed, lenient, informational) = (count("OK"), count("NON-STRICT"), count("INFORMATIONAL"));
        let _ = writeln!(
            out,
            "| {section} {name} | {} | {passed} | {lenient} | {informational} | {failed} |",
            cases.len()
        );
    }
    out.push_str("\n| not simply passed | behaviour | close |\n|---|---|---|\n");
    for (case, outcome) in
        outcomes.iter().filter(|(_, outcome)| outcome.behavior != "OK" || outcome.close != "OK")
    {
        let _ = writeln!(out, "| {} | {} | {} |", named(case), outcome.behavior, outcome.close);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_that_failed_is_counted_and_named() {
        let index = r#"{"rtbroadcaster": {
            "1.1.10": {"behavior": "OK", "behaviorClose": "OK"},
            "6.4.1": {"behavior": "NON-STRICT", "behaviorClose": "OK"},
            "1.1.2": {"behavior": "OK", "behaviorClose": "FAILED"}}}"#;
        let table = markdown(&read(index).unwrap());
        assert!(table.contains("| 1 Framing | 2 | 1 | 0 | 0 | 1 |"), "{table}");
        assert!(table.contains("| 6 UTF-8 | 1 | 0 | 1 | 0 | 0 |"), "{table}");
        assert!(table.ends_with("| 1.1.2 | OK | FAILED |\n| 6.4.1 | NON-STRICT | OK |\n"), "{table}");
    }
}
