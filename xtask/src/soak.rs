//! `cargo xtask soak`: clients come and go, and the server must not grow. With `--kill`, the server
//! is killed again and again, and its rooms must survive.

use crate::process::{execute, say};
use crate::server;
use crate::workspace::{Profile, TESTS, Workspace};

/// How long the soak test takes within `cargo xtask test`.
const MINUTES_OF_A_TEST: f64 = 1.0;
/// How often the server is killed within `cargo xtask test`.
const KILLS_OF_A_TEST: u64 = 200;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// For how many minutes.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Instead kill the server this often while it stores its rooms.
    #[arg(long, value_name = "KILLS")]
    kill: Option<u64>,
    /// Chooses the moments of the kills.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// `cargo xtask soak`: the server as its users run it.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    match args.kill {
        Some(kills) => kill(workspace, Profile::Release, kills, args.seed),
        None => soak(workspace, Profile::Release, args.minutes),
    }
}

/// The short run within `cargo xtask test`, on Linux only, with the server that is built for the
/// other tests.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    if !cfg!(target_os = "linux") {
        say("soak: skipped, because only Linux tells what a process takes");
        return Ok(());
    }
    soak(workspace, Profile::Dev, MINUTES_OF_A_TEST)?;
    kill(workspace, Profile::Dev, KILLS_OF_A_TEST, 1)
}

/// Kills the server under load, half of the times with each meaning of an acknowledgement.
fn kill(workspace: &Workspace, profile: Profile, kills: u64, seed: u64) -> anyhow::Result<()> {
    let server = server::build(workspace, profile)?;
    for (sync, kills) in [("disk", kills / 2), ("os", kills - kills / 2)] {
        let mut cargo = workspace.cargo(["run", "--quiet", "--package", TESTS, "--bin", "kills", "--"]);
        cargo.arg("--server").arg(&server).args(["--sync", sync, "--kills", &kills.to_string()]);
        execute(cargo.args(["--seed", &seed.to_string()]))?;
    }
    Ok(())
}

fn soak(workspace: &Workspace, profile: Profile, minutes: f64) -> anyhow::Result<()> {
    let server = server::build(workspace, profile)?;
    let mut cargo = workspace.cargo(["run", "--quiet", "--package", TESTS, "--bin", "soak", "--"]);
    execute(cargo.arg("--server").arg(server).args(["--minutes", &minutes.to_string()]))
}
