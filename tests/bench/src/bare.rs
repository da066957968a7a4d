//! Bare programs that do the work of a store or a cluster and nothing else, to compare with.

mod append;
mod commit;
mod hear;
mod publish;
mod runtime;
mod scan;

use std::path::PathBuf;

pub(crate) use hear::HEARS;
pub(crate) use runtime::Runtime;

use crate::measurement::Measurement;

/// What a store or a cluster does.
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
    /// Publish messages to a stream with three replicas, one after the other.
    Publish(publish::Args),
    /// Hear what the stream has taken.
    Hear(hear::Args),
}

/// Does the work and prints the measurement as JSON.
pub(crate) fn run(work: &Work) -> anyhow::Result<()> {
    let measurement: Measurement = match work {
        Work::Commit(args) => commit::measure(args)?,
        Work::Append(args) => append::measure(args)?,
        Work::Scan { file } => scan::measure(file)?,
        Work::Publish(args) => publish::measure(args)?,
        Work::Hear(args) => hear::measure(args)?,
    };
    println!("{}", serde_json::to_string(&measurement)?);
    Ok(())
}
