//! `cargo xtask sim` and `cargo xtask mutants`: the simulation for longer than a test run, and with
//! faults.

use crate::process::execute;
use crate::workspace::{TESTS, Workspace};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The simulation's own arguments: `--seed N`, `--minutes M`, `--cases K`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// `cargo xtask sim`.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    let run = ["run", "--quiet", "--package", TESTS, "--bin", "sim", "--"];
    execute(workspace.cargo(run).args(&args.arguments))
}

/// `cargo xtask mutants`.
pub(crate) fn mutants(workspace: &Workspace) -> anyhow::Result<()> {
    let run = ["run", "--quiet", "--package", TESTS, "--features", "mutations", "--bin", "mutants"];
    execute(&mut workspace.cargo(run))
}
