//! Bare programs that do a store's work and nothing else, to compare with.

mod append;
mod commit;
mod scan;

use std::path::PathBuf;

use crate::measurement::Measurement;

/// What a store does.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Work {
    /// Commit rows in groups to `SQLite`.
    Commit(commit::Args),
    /// Append 4 KiB to a file and wait until the disk has it, again and again.
    Append(append::Args),
    /// Read every row of a store in order, and sum its CRC.
    Scan {
        /// The store's file.
        file: PathBuf,
    },
}

/// Does the work and prints the measurement as JSON.
pub(crate) fn run(work: &Work) -> anyhow::Result<()> {
    let measurement: Measurement = match work {
        Work::Commit(args) => commit::measure(args)?,
        Work::Append(args) => append::measure(args)?,
        Work::Scan { file } => scan::measure(file)?,
    };
    println!("{}", serde_json::to_string(&measurement)?);
    Ok(())
}
