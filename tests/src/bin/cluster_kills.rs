//! The kill test of a cluster as a program: nodes and NATS servers are killed, paused, led away and
//! cut off again and again under load.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use rtbroadcaster_tests::cluster_kills::{Survival, survive};

#[derive(Parser)]
#[command(
    name = "cluster_kills",
    about = "Does harm to a cluster, and fails if a client loses something or gets it twice."
)]
struct Args {
    /// The server's binary.
    #[arg(long, value_name = "FILE")]
    server: PathBuf,
    /// For how many minutes.
    #[arg(long, default_value_t = 30.0)]
    minutes: f64,
    /// Chooses what happens, and when.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let (start, time) = (Instant::now(), Duration::from_secs_f64(60.0 * args.minutes));
    let goes_on = |survival: &Survival| {
        if let Some((incident, pause)) = survival.last {
            eprintln!(
                "{:>5} s: {}; every room went on after {:.1} s; {} actions acknowledged",
                start.elapsed().as_secs(),
                incident.name(),
                pause.as_secs_f64(),
                survival.acknowledged
            );
        }
        start.elapsed() < time
    };
    let Some(survival) = survive(&args.server, args.seed, goes_on).await else {
        // It has said that it was skipped, and why.
        return ExitCode::SUCCESS;
    };
    println!("| what happened | times | every room went on after: median, at most |\n|---|---|---|");
    for (incident, pauses) in &survival.pauses {
        let (middle, most) = (pauses[pauses.len() / 2], pauses[pauses.len() - 1]);
        let (middle, most) = (middle.as_secs_f64(), most.as_secs_f64());
        println!("| {} | {} | {middle:.1} s, {most:.1} s |", incident.name(), pauses.len());
    }
    println!("{} actions acknowledged, none lost and none twice", survival.acknowledged);
    ExitCode::SUCCESS
}
