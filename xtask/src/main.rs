//! `cargo xtask`: how everything in this repository is built, packed, served and tested.
//!
//! A fresh clone needs rustup's stable toolchain, node and npm; what else a command needs it installs by itself, or
//! says in one line what is missing and how to get it. CONTRIBUTING.md lists the commands.

mod autobahn;
mod bench;
mod browser;
mod ci;
mod npm;
mod pack;
mod process;
mod serve;
mod server;
mod sim;
mod site;
mod sizes;
mod soak;
mod test;
mod tidy;
mod tools;
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
    /// Run every test there is.
    Test(test::Args),
    /// Play the simulation: many seeds, minutes of them, or one again. Takes the arguments of its own `--help`.
    #[command(disable_help_flag = true)]
    Sim(sim::Args),
    /// Give the protocol one fault after another and see whether the simulation finds each.
    Mutants,
    /// Let clients come and go for some minutes, and see that what the server takes doesn't grow with them.
    Soak(soak::Args),
    /// Measure what a delivery costs, beside the least that it can cost.
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
    /// Assemble the demo site in target/site/.
    Site,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // `{:#}` keeps the chain of causes on one line and leaves out the backtrace of a build script.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    match command {
        Command::Serve(args) => serve::run(&workspace, &args),
        Command::Test(args) => test::run(&workspace, &args),
        Command::Sim(args) => sim::run(&workspace, &args),
        Command::Mutants => sim::mutants(&workspace),
        Command::Soak(args) => soak::run(&workspace, &args),
        Command::Bench(args) => bench::run(&workspace, &args),
        Command::Autobahn(args) => autobahn::run(&workspace, &args),
        Command::Ci => ci::run(&workspace),
        Command::Tidy(args) => tidy::run(&workspace, &args),
        Command::Pack => pack::run(&workspace),
        Command::Site => site::assemble(&workspace).map(|_| ()),
    }
}
