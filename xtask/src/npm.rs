//! node, npm, and the packages that npm installs.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::process::{execute, output, say};

const OLDEST_NODE: u32 = 20;

const HOW_TO_GET_NODE: &str =
    "install node 20 or later with npm (on Debian: `apt-get install nodejs npm`, or nodejs.org's builds)";

/// Fails in one line if node or npm is missing or too old.
pub(crate) fn require_node() -> anyhow::Result<()> {
    let version = output(Command::new("node").arg("--version")).context(HOW_TO_GET_NODE)?;
    if major(&version).is_none_or(|major| major < OLDEST_NODE) {
        bail!("node {version} is too old: {HOW_TO_GET_NODE}");
    }
    output(npm().arg("--version")).context(HOW_TO_GET_NODE)?;
    Ok(())
}

/// Installs what the folder's lock file lists, unless it is installed already.
pub(crate) fn install(folder: &Path) -> anyhow::Result<()> {
    let lock = folder.join("package-lock.json");
    let wanted = modified(&lock).with_context(|| format!("{} is missing", lock.display()))?;
    // npm writes this file last, so it exists only after a complete installation.
    let installed = modified(&folder.join("node_modules/.package-lock.json"));
    if installed.is_some_and(|installed| installed >= wanted) {
        return Ok(());
    }
    require_node()?;
    say(&format!("npm: installing the packages of {}", folder.display()));
    execute(npm().args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder))
}

/// npm, whose file name differs between systems.
pub(crate) fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// A program from the packages of a folder.
pub(crate) fn program(folder: &Path, name: &str) -> Command {
    let file = if cfg!(windows) { format!("{name}.cmd") } else { name.to_owned() };
    Command::new(folder.join("node_modules/.bin").join(file))
}

/// A folder's package.json.
pub(crate) fn read_package(folder: &Path) -> anyhow::Result<Value> {
    let path = folder.join("package.json");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))
}

/// `v20.11.1` → 20
fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn reads_nodes_version() {
        assert_eq!(major("v20.11.1"), Some(20));
        assert_eq!(major("22.0.0"), Some(22));
        assert_eq!(major("nonsense"), None);
    }
}
