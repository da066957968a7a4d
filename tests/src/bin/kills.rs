//! The kill test as a program: a server that stores its rooms is killed again and again under load.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use rtbroadcaster_tests::kills::survive;

/// Kills between two lines of progress.
const PROGRESS: u64 = 20;

#[derive(Parser)]
#[command(
    name = "kills",
    about = "Kills a server that stores its rooms, and fails if a client loses something or gets it twice."
)]
struct Args {
    /// The server's binary.
    #[arg(long, value_name = "FILE")]
    server: PathBuf,
    /// What an acknowledgement means: disk or os.
    #[arg(long, default_value = "disk")]
    sync: String,
    /// How often to kill it.
    #[arg(long, default_value_t = 200)]
    kills: u64,
    /// Chooses the moments.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let data = std::env::temp_dir().join(format!("rtbroadcaster-kills-{}", std::process::id()));
    let survival = survive(&args.server, &data, &args.sync, args.kills, args.seed, |so_far| {
        if so_far.kills.is_multiple_of(PROGRESS) {
            eprintln!("{:>5} kills, {} actions acknowledged", so_far.kills, so_far.acknowledged);
        }
    })
    .await;
    println!(
        "sync {}: {} kills, {} actions acknowledged, none lost and none twice",
        args.sync, survival.kills, survival.acknowledged
    );
    match std::fs::remove_dir_all(&data) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {} cannot be removed: {error}", data.display());
            ExitCode::FAILURE
        }
    }
}
