//! `cargo xtask bench`: what a delivery costs, beside the least that it could cost and beside other
//! servers.
//!
//! One program has three parts, each a process of its own. The *runner* starts candidates in turn
//! and compares them. The *load generator* plays the owner and all followers, and checks each
//! delivery. The *floor* is the candidate that only writes.
//!
//! It needs Linux, because it reads from /proc what a process uses. Elsewhere the crate is empty,
//! so that the workspace still builds.

#![cfg(target_os = "linux")]

mod bare;
mod floor;
mod load;
mod measurement;
mod run;
mod scenario;
mod tls;
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
    /// Measure candidates in turn, and compare them.
    Run(run::Args),
    /// Play one scenario against a running server.
    Load(load::Args),
    /// Serve with as little work as possible.
    Floor {
        /// How to write several messages at once.
        mode: floor::Mode,
        #[command(flatten)]
        certificate: tls::Certificate,
    },
    /// Do the work of a store or a cluster and nothing else.
    Bare {
        #[command(subcommand)]
        work: bare::Work,
    },
}

/// Does what the arguments say.
#[must_use]
pub fn run_program() -> ExitCode {
    let result = match Cli::parse().part {
        Part::Run(args) => run::run(&args),
        Part::Load(args) => load::run(&args),
        Part::Floor { mode, certificate } => floor::run(mode, &certificate),
        Part::Bare { work } => bare::run(&work),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
