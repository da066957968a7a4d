//! The archive with the program, for machines without Debian's packages.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::binary::Binary;
use super::files::{COMPLETIONS, DOCUMENTS, Files, MONITORING};
use super::{empty, gzip, source_date};
use crate::process::{execute, say};
use crate::site::copy_folder;
use crate::workspace::{SERVER, VERSION, Workspace};

/// Writes the archive into the folder.
pub(super) fn make(
    workspace: &Workspace,
    binary: &Binary,
    files: &Files,
    folder: &Path,
) -> anyhow::Result<()> {
    let name = format!("{SERVER}-{VERSION}-{}-linux-glibc{}", env::consts::ARCH, binary.glibc);
    say(&format!("packing {name}.tar.gz"));
    let parent = workspace.target("dist-archive");
    let root = parent.join(&name);
    empty(&root)?;
    copy(&binary.path, &root.join(SERVER))?;
    copy_folder(&files.path("man"), &root.join("man"), &|_| true)?;
    for part in ["completions", "monitoring", "docs"] {
        fs::create_dir(root.join(part)).with_context(|| format!("cannot create {part}"))?;
    }
    for (_, completion) in COMPLETIONS {
        copy(&files.path(completion), &root.join("completions").join(completion))?;
    }
    for file in MONITORING {
        copy(&files.path(file), &root.join("monitoring").join(file))?;
    }
    for document in DOCUMENTS.iter().filter_map(|path| path.rsplit('/').next()) {
        copy(&files.path(document), &root.join("docs").join(document))?;
    }
    for file in ["rtbroadcaster.toml", "rtbroadcaster.service", "LICENSE-MIT", "LICENSE-APACHE"] {
        copy(&files.path(file), &root.join(file))?;
    }
    let tar = folder.join(format!("{name}.tar"));
    let mut command = Command::new("tar");
    command.args(["--create", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"]);
    command.arg(format!("--mtime=@{}", source_date(workspace)?));
    execute(command.arg("--file").arg(&tar).arg("--directory").arg(&parent).arg(&name))?;
    gzip(&tar)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}
