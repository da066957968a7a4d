//! `cargo xtask ci`: everything that CI runs, and that must pass before a change is taken.

use crate::bench;
use crate::pack;
use crate::process::{execute, say};
use crate::programs;
use crate::publish;
use crate::sim;
use crate::test;
use crate::tidy;
use crate::tools;
use crate::workspace::{SDK, SERVER, WASM_TARGET, Workspace};

pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    tools::require_wasm_target()?;
    say("formatting");
    execute(&mut workspace.cargo(["fmt", "--all", "--check"]))?;
    clippy(workspace)?;
    say("tidy");
    tidy::check(workspace)?;
    documentation(workspace)?;
    programs::install_missing()?;
    test::run_all(workspace)?;
    // The tests have left the npm package there.
    publish::check(workspace, &workspace.target(pack::FOLDER))?;
    say("mutants");
    sim::mutants(workspace)?;
    say("benchmark, the short one");
    bench::check(workspace)
}

fn clippy(workspace: &Workspace) -> anyhow::Result<()> {
    const DENY: [&str; 4] = ["--all-targets", "--", "-D", "warnings"];
    say("clippy");
    // The SDK too, so that it goes on compiling where there is no page.
    execute(workspace.cargo(["clippy", "--workspace"]).args(DENY))?;
    // The server as applications mount it, without what only the program needs.
    let mounted = ["--no-default-features", "--lib", "--", "-D", "warnings"];
    execute(workspace.cargo(["clippy", "--package", SERVER]).args(mounted))?;
    say("clippy, for wasm");
    execute(workspace.cargo(["clippy", "--package", SDK, "--target", WASM_TARGET]).args(DENY))?;
    // The features of the npm package, and those for Rust programs.
    for feature in ["javascript", "web"] {
        let alone = ["--no-default-features", "--features", feature, "--lib", "--", "-D", "warnings"];
        execute(workspace.cargo(["clippy", "--package", SDK, "--target", WASM_TARGET]).args(alone))?;
    }
    Ok(())
}

fn documentation(workspace: &Workspace) -> anyhow::Result<()> {
    const DENY: (&str, &str) = ("RUSTDOCFLAGS", "-D warnings");
    say("documentation");
    let mut host = workspace.cargo(["doc", "--no-deps", "--workspace", "--exclude", SDK]);
    execute(host.env(DENY.0, DENY.1))?;
    say("documentation, for wasm");
    let mut wasm = workspace.cargo(["doc", "--no-deps", "--package", SDK, "--target", WASM_TARGET]);
    execute(wasm.env(DENY.0, DENY.1))
}
