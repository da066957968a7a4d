//! `cargo xtask bench`: builds the server as its users run it, and measures it.

use std::path::PathBuf;

use crate::npm;
use crate::process::{execute, say};
use crate::workspace::{Profile, Workspace};

const SERVER: &str = "rtbroadcaster";
const PACKAGE: &str = "rtbroadcaster-bench";
const BINARY: &str = "bench";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Shorter and fewer runs: for a look in between, not for figures to be told.
    #[arg(long)]
    quick: bool,
    /// What CI runs: half a minute, and fails if a delivery costs far more than a bare write.
    #[arg(long, conflicts_with = "quick")]
    check: bool,
    /// These scenarios alone; a wrong name lists them.
    #[arg(long, value_name = "SCENARIO")]
    only: Vec<String>,
    /// How often each candidate has its turn.
    #[arg(long)]
    rounds: Option<usize>,
    /// Also measure Bun, ws and Socket.IO, which npm installs.
    #[arg(long)]
    peers: bool,
    /// Keep what comes of it as docs/benchmark.md; without it that goes to target/bench/.
    #[arg(long, conflicts_with_all = ["quick", "check", "only", "rounds"])]
    save: bool,
}

/// `cargo xtask bench`.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    let (server, bench) = (build(workspace, SERVER, SERVER)?, build(workspace, PACKAGE, BINARY)?);
    say("measuring: leave the machine alone meanwhile");
    let mut command = std::process::Command::new(bench);
    command.arg("run").arg("--server").arg(server);
    command.arg("--output").arg(if args.save { workspace.path("docs") } else { workspace.target("bench") });
    if args.quick || args.check {
        command.args(["--extent", if args.quick { "quick" } else { "check" }]);
    }
    for scenario in &args.only {
        command.args(["--only", scenario]);
    }
    if let Some(rounds) = args.rounds {
        command.args(["--rounds", &rounds.to_string()]);
    }
    if args.peers {
        let peers = workspace.path("tests/bench/peers");
        npm::install(&peers)?;
        command.arg("--peers").arg(peers);
    }
    execute(&mut command)
}

/// The part of it that CI runs, where it can.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    if !cfg!(target_os = "linux") {
        say("left out: it needs Linux");
        return Ok(());
    }
    run(
        workspace,
        &Args { quick: false, check: true, only: Vec::new(), rounds: None, peers: false, save: false },
    )
}

/// Each package alone, as `cargo build --release` builds it for users: with its own features and nobody else's.
fn build(workspace: &Workspace, package: &str, binary: &str) -> anyhow::Result<PathBuf> {
    say(&format!("building {package} for release"));
    execute(&mut workspace.cargo(["build", "--release", "--package", package, "--bin", binary]))?;
    Ok(workspace.binary(Profile::Release, binary))
}
