//! `cargo xtask`: how everything in this repository is built, packed, served and tested.
//!
//! A fresh clone needs rustup's stable toolchain, node and npm. A command installs whatever else it
//! needs, or says in one line what is missing and how to get it. CONTRIBUTING.md lists the
//! commands.

mod autobahn;
mod bench;
mod browser;
mod bundled;
mod ci;
mod cluster;
mod debian;
mod decisions;
mod dist;
mod glue;
mod members;
mod nats;
mod npm;
mod pack;
mod process;
mod programs;
mod publish;
mod serve;
mod server;
mod sim;
mod site;
mod sizes;
mod soak;
mod test;
mod tidy;
mod tools;
mod types;
mod wasm;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Builds, packs, serves and tests rtbroadcaster."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build all that is needed and serve the demo site and the rooms.
    Serve(serve::Args),
    /// Build all that is needed and serve the demo site and the rooms on two nodes, which share
    /// three NATS servers.
    Cluster(cluster::Args),
    /// Run every test there is.
    Test(test::Args),
    /// Play the simulation: many seeds, minutes of them, or one again. Its own `--help` lists its
    /// arguments.
    #[command(disable_help_flag = true)]
    Sim(sim::Args),
    /// Put one fault after another into the protocol, and check that the simulation finds each.
    Mutants,
    /// Let clients come and go for some minutes, and check that the server's memory, descriptors,
    /// threads and tasks do not grow.
    Soak(soak::Args),
    /// Measure what a delivery costs, beside the least that it could cost.
    Bench(bench::Args),
    /// Run the Autobahn test suite's fuzzing client against our websocket code.
    Autobahn(autobahn::Args),
    /// What CI runs: formatting, lints, tidy and documentation without a warning, every test,
    /// the mutants, a short benchmark.
    Ci,
    /// Check the repository's text in seconds: width of prose, sizes of files and folders, imports
    /// between modules, spelling.
    Tidy(tidy::Args),
    /// Build the npm package's tarball in sdk-wasm/npm/ and print its contents and sizes.
    Pack,
    /// Make what operators install, in target/dist/: an archive, a package for Debian, a list of
    /// what is built in, checksums.
    Dist(dist::Args),
    /// Check that the crates and the npm package can be published, without publishing them.
    Publishable,
    /// Write what is generated from other files of the repository: sdk-wasm/js/decisions.js
    /// and bundled.js.
    Generate,
    /// Assemble the demo site in target/site/.
    Site,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // `{:#}` prints the chain of causes on one line, without a build script's backtrace.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    match command {
        Command::Serve(args) => serve::run(&workspace, &args),
        Command::Cluster(args) => cluster::run(&workspace, &args),
        Command::Test(args) => test::run(&workspace, &args),
        Command::Sim(args) => sim::run(&workspace, &args),
        Command::Mutants => sim::mutants(&workspace),
        Command::Soak(args) => soak::run(&workspace, &args),
        Command::Bench(args) => bench::run(&workspace, &args),
        Command::Autobahn(args) => autobahn::run(&workspace, &args),
        Command::Ci => ci::run(&workspace),
        Command::Tidy(args) => tidy::run(&workspace, &args),
        Command::Pack => pack::run(&workspace),
        Command::Dist(args) => dist::run(&workspace, &args),
        Command::Publishable => publish::run(&workspace),
        Command::Generate => decisions::write(&workspace).and_then(|()| bundled::write(&workspace)),
        Command::Site => site::assemble(&workspace).map(|_| ()),
    }
}
