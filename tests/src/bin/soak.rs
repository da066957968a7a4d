//! The soak test as a program: clients of all kinds come and go, and the server must not grow.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use rtbroadcaster_tests::soak::{Usage, soak};

/// Pause between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(10);

#[derive(Parser)]
#[command(
    name = "soak",
    about = "Lets clients come and go, and fails if what the server takes grows with them."
)]
struct Args {
    /// The server's binary.
    #[arg(long, value_name = "FILE")]
    server: PathBuf,
    /// How many minutes to run.
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let time = Duration::from_secs_f64(60.0 * args.minutes);
    let mut next = PROGRESS;
    let report = soak(&args.server, time, |passed, visits, usage| {
        if passed >= next {
            next += PROGRESS;
            eprintln!("{:>5} s: {visits} visits, {}", passed.as_secs(), shown(usage));
        }
    })
    .await;
    println!("before: {}", shown(report.before));
    println!("middle: {}", shown(report.middle));
    println!("last:   {}", shown(report.last));
    println!("after:  {}", shown(report.after));
    println!("{} visits", report.visits);
    match report.growth() {
        None => ExitCode::SUCCESS,
        Some(growth) => {
            eprintln!("error: {growth}");
            ExitCode::FAILURE
        }
    }
}

fn shown(usage: Usage) -> String {
    let megabytes = usage.memory as f64 / 1024.0 / 1024.0;
    let Usage { descriptors, threads, .. } = usage;
    let tasks = usage.tasks.unwrap_or_default();
    format!("{megabytes:.1} MiB, {descriptors} descriptors, {threads} threads, {tasks} tasks")
}
