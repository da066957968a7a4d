//! `cargo xtask dist`: what operators install, in target/dist/: an archive with the program for
//! machines with an old glibc, a package for Debian, a list of all that is built in (SBOM), and
//! checksums.

mod archive;
mod binary;
mod debian_package;
mod files;
mod sbom;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::process::{execute, output, say};
use crate::workspace::Workspace;
use binary::Binary;
use files::Files;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Pack the program as `cargo build` leaves it, in seconds, to try the packages out. It needs
    /// this machine's glibc.
    #[arg(long)]
    unoptimised: bool,
}

/// `cargo xtask dist`.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<()> {
    let folder = workspace.target("dist");
    let binary =
        if args.unoptimised { Binary::of_this_machine(workspace) } else { Binary::portable(workspace) };
    make(workspace, &binary?, &folder)?;
    for entry in fs::read_dir(&folder).context("target/dist is not there")? {
        let path = entry?.path();
        println!("{} {}", path.display(), fs::metadata(&path)?.len());
    }
    Ok(())
}

/// All of it, made in seconds for the tests. Returns the folder.
pub(crate) fn make_for_tests(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.target("dist-for-tests");
    make(workspace, &Binary::of_this_machine(workspace)?, &folder)?;
    Ok(folder)
}

fn make(workspace: &Workspace, binary: &Binary, folder: &Path) -> anyhow::Result<()> {
    empty(folder)?;
    let files = Files::write(workspace, binary, &workspace.target("dist-files"))?;
    archive::make(workspace, binary, &files, folder)?;
    debian_package::make(workspace, binary, &files, folder)?;
    sbom::write(workspace, binary, folder)?;
    checksums(folder)
}

/// Writes the checksums of all files in the folder.
fn checksums(folder: &Path) -> anyhow::Result<()> {
    say("checksums");
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name());
    }
    names.sort();
    let sums = output(Command::new("sha256sum").arg("--").args(&names).current_dir(folder))?;
    fs::write(folder.join("SHA256SUMS"), sums + "\n").context("cannot write SHA256SUMS")
}

fn empty(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

/// The moment of the last commit, in seconds since 1970: files of the packages bear it, so that the
/// same source makes the same bytes.
fn source_date(workspace: &Workspace) -> anyhow::Result<String> {
    output(Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(workspace.path("")))
}

/// Compresses a file in place, without its name and its date.
fn gzip(path: &Path) -> anyhow::Result<()> {
    execute(Command::new("gzip").args(["--no-name", "--best", "--force", "--"]).arg(path))
}
