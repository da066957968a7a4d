//! The commands `completions` and `manual`, which packages and shells want. Both are made of the
//! same description of the command line as `--help`.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap_complete::Shell;

use crate::configuration;

/// The program's name, as people type it.
const PROGRAM: &str = "rtbroadcaster";

/// Prints the completions for a shell.
pub(super) fn print_completions(shell: Shell) -> ExitCode {
    clap_complete::generate(shell, &mut configuration::command(), PROGRAM, &mut io::stdout());
    ExitCode::SUCCESS
}

/// Writes a page for the program, and one for each command.
pub(super) fn write_pages(folder: &Path) -> anyhow::Result<()> {
    clap_mangen::generate_to(configuration::manual(), folder)
        .with_context(|| format!("the manual can't be written into {}", folder.display()))
}
