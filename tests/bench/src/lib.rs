//! `cargo xtask bench`: what a delivery costs, beside the least that it can cost and beside what others need.
//!
//! One program with three parts, each a process of its own: the *runner* starts candidates in turn and compares them,
//! the *load generator* plays the owner and all followers and checks each delivery, the *floor* is the candidate that
//! does nothing but write.
//!
//! Linux only: what a process takes is read from /proc. Elsewhere the crate is empty, so that the workspace still builds.

#![cfg(target_os = "linux")]

mod floor;
mod load;
mod measurement;
mod run;
mod scenario;
mod wire;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask bench", about = "Measures what a delivery costs.")]
struct Cli {
    #[command(subcommand)]
    part: Part,
}

#[derive(Subcommand)]
enum Part {
    /// Let candidates take turns, and compare them.
    Run(run::Args),
    /// Play one scenario against a server that runs.
    Load(load::Args),
    /// Serve with the least there is.
    Floor {
        /// What to do with several messages at once.
        mode: floor::Mode,
    },
}

/// Does what the arguments say.
#[must_use]
pub fn run_program() -> ExitCode {
    let result = match Cli::parse().part {
        Part::Run(args) => run::run(&args),
        Part::Load(args) => load::run(&args),
        Part::Floor { mode } => floor::run(mode),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
