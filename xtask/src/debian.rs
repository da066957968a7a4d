//! Debian's packages, for programs that tests need.

use std::env;
use std::process::Command;

use crate::process::{execute, on_path, output, say};

/// Whether packages can be installed: on Debian, as root.
pub(crate) fn may_install() -> bool {
    on_path("apt-get").is_some() && is_root()
}

/// Installs packages.
pub(crate) fn install(packages: &[&str]) -> anyhow::Result<()> {
    say(&format!("apt-get: installing {}", packages.join(" and ")));
    execute(apt_get().arg("update"))?;
    execute(apt_get().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", env::var_os("DEBIAN_FRONTEND").unwrap_or_else(|| "noninteractive".into()));
    // Debian starts a server that it has installed, except in this runlevel.
    command.env("RUNLEVEL", "1");
    command
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}
