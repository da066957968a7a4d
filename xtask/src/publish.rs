//! `cargo xtask publishable`: the crates and the npm package could be published as they are.
//! Nothing is sent: both tools stop before that.

use std::path::Path;

use crate::npm;
use crate::pack;
use crate::process::{execute, say};
use crate::workspace::Workspace;

/// `cargo xtask publishable`.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let folder = pack::assemble(workspace)?;
    check(workspace, &folder)
}

/// Checks the crates, and the npm package that is assembled in this folder.
pub(crate) fn check(workspace: &Workspace, npm_folder: &Path) -> anyhow::Result<()> {
    say("cargo publish, as a dry run");
    let mut cargo = workspace.cargo(["publish", "--dry-run", "--workspace", "--locked"]);
    // A change is checked before it is committed; what is packed is listed in each Cargo.toml. The
    // crates are not compiled once more from their packages, which would take minutes: the test
    // `publish` checks that all files are in them.
    execute(cargo.args(["--allow-dirty", "--no-verify"]))?;
    say("npm publish, as a dry run");
    execute(npm::npm().args(["publish", "--dry-run", "--access", "public"]).current_dir(npm_folder))
}
