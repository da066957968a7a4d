//! `cargo xtask soak`: clients come and go, and the server must not grow.

use crate::process::execute;
use crate::server;
use crate::workspace::{Profile, Workspace};

/// The crate that holds the soak test.
const TESTS: &str = "rtbroadcaster-tests";

/// How long the soak test takes within `cargo xtask test`.
const MINUTES_OF_A_TEST: f64 = 1.0;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// For how many minutes.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
}

/// `cargo xtask soak`: the server as its users run it.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    soak(workspace, Profile::Release, args.minutes)
}

/// The short run within `cargo xtask test`, on Linux only, with the server that is built for the
/// other tests.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    if cfg!(target_os = "linux") { soak(workspace, Profile::Dev, MINUTES_OF_A_TEST) } else { Ok(()) }
}

fn soak(workspace: &Workspace, profile: Profile, minutes: f64) -> anyhow::Result<()> {
    let server = server::build(workspace, profile)?;
    let mut cargo = workspace.cargo(["run", "--quiet", "--package", TESTS, "--bin", "soak", "--"]);
    execute(cargo.arg("--server").arg(server).args(["--minutes", &minutes.to_string()]))
}
