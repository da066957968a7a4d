//! `cargo xtask bench`: builds the server as its users run it, and measures it. With `--page` it
//! measures what the npm package costs a page, with `--store` what it costs to keep rooms, with
//! `--cluster` what several nodes cost.

use std::path::PathBuf;

use crate::nats;
use crate::npm;
use crate::process::{execute, say};
use crate::site;
use crate::test;
use crate::workspace::{Profile, SERVER, Workspace};

const PACKAGE: &str = "rtbroadcaster-bench";
const BINARY: &str = "bench";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Shorter and fewer runs: for a quick look, not for figures to publish.
    #[arg(long)]
    quick: bool,
    /// What CI runs: takes a minute, and fails if a delivery or a follower costs far too much.
    /// With `--cluster`, the same of two nodes, beside bare programs.
    #[arg(long, conflicts_with = "quick")]
    check: bool,
    /// Run these scenarios alone; a wrong name lists them.
    #[arg(long, value_name = "SCENARIO")]
    only: Vec<String>,
    /// How many turns each candidate gets.
    #[arg(long)]
    rounds: Option<usize>,
    /// Also measure ws and Socket.IO, which npm installs. Bun takes part anyway where npm is there,
    /// but for a store or a cluster.
    #[arg(long)]
    peers: bool,
    /// Compare the server with an earlier build of it, whose binary this names; they take turns.
    #[arg(long, value_name = "BINARY", conflicts_with_all = ["check", "peers", "save"])]
    before: Option<PathBuf>,
    /// Measure instead what a store costs (`--data`), beside bare programs that do its work; with
    /// `--peers`, beside Socket.IO with Redis. `--save` keeps it as docs/benchmark-store.md.
    #[arg(long, conflicts_with_all = ["check", "before"])]
    store: bool,
    /// Measure instead what several nodes cost (`--nats`), beside bare programs that move the same
    /// messages; with `--peers`, beside two nodes of Socket.IO with Redis. `--save` keeps it as
    /// docs/benchmark-cluster.md.
    #[arg(long, conflicts_with_all = ["before", "store"])]
    cluster: bool,
    /// Write the results to docs/benchmark.md too, and not only to target/bench/. Fails if others
    /// were busy meanwhile.
    #[arg(long, conflicts_with_all = ["quick", "check", "only"])]
    save: bool,
    /// Measure instead, in Chromium, what the npm package costs a page, beside the original's
    /// JavaScript class.
    #[arg(long, conflicts_with_all = ["quick", "only", "rounds", "peers", "store", "cluster", "save"])]
    page: bool,
}

/// `cargo xtask bench`.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    if args.page {
        return page(workspace, args.check);
    }
    let (server, bench) = (build(workspace, SERVER, SERVER)?, build(workspace, PACKAGE, BINARY)?);
    say("measuring: do nothing else on this machine");
    let mut command = std::process::Command::new(bench);
    command.arg("run").arg("--server").arg(server);
    command.arg("--output").arg(workspace.target("bench"));
    if args.save {
        command.arg("--keep").arg(workspace.path("docs"));
    }
    if args.quick || args.check {
        command.args(["--extent", if args.quick { "quick" } else { "check" }]);
    }
    for scenario in &args.only {
        command.args(["--only", scenario]);
    }
    if let Some(rounds) = args.rounds {
        command.args(["--rounds", &rounds.to_string()]);
    }
    if let Some(before) = &args.before {
        command.arg("--before").arg(before);
    }
    if args.store {
        command.arg("--store").arg(workspace.target("bench/stores"));
    }
    if args.cluster {
        command.arg("--cluster").arg(workspace.target("bench/cluster"));
        command.arg("--nats-server").arg(nats::server(workspace)?);
    }
    let takes_bun = !args.check && args.before.is_none() && !args.store && !args.cluster;
    let has_npm = args.peers || (takes_bun && npm::require_node().is_ok());
    if has_npm {
        let peers = workspace.path("tests/bench/peers");
        npm::install(&peers)?;
        command.arg("--peers").arg(peers);
    } else if takes_bun {
        say("without npm, Bun is left out");
    }
    if args.peers {
        command.arg("--all-peers");
    }
    execute(&mut command)
}

/// The part that CI runs, on a system where it can run.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    page(workspace, true)?;
    if !cfg!(target_os = "linux") {
        say("left out: it needs Linux");
        return Ok(());
    }
    run(workspace, &checking(false))?;
    run(workspace, &checking(true))
}

fn checking(cluster: bool) -> Args {
    Args {
        quick: false,
        check: true,
        only: Vec::new(),
        rounds: None,
        peers: false,
        before: None,
        store: false,
        cluster,
        save: false,
        page: false,
    }
}

fn page(workspace: &Workspace, is_check: bool) -> anyhow::Result<()> {
    let site = site::assemble(workspace)?;
    let mut node = test::node(workspace, &site)?;
    node.arg("page/bench.mjs");
    if is_check {
        node.arg("--check");
    }
    say("measuring the package in a page: do nothing else on this machine");
    execute(&mut node)
}

/// Builds the package alone, as `cargo build --release` does for its users: with its own features
/// and no others.
fn build(workspace: &Workspace, package: &str, binary: &str) -> anyhow::Result<PathBuf> {
    say(&format!("building {package} for release"));
    execute(&mut workspace.cargo(["build", "--release", "--package", package, "--bin", binary]))?;
    Ok(workspace.binary(Profile::Release, binary))
}
