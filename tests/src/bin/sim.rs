//! The simulation as a program: it plays one seed again, or many.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use rtbroadcaster_tests::sim::handovers::HandOvers;
use rtbroadcaster_tests::sim::lanes::Lanes;
use rtbroadcaster_tests::sim::one_moment::Moments;
use rtbroadcaster_tests::sim::people::People;
use rtbroadcaster_tests::sim::recordings::Recordings;
use rtbroadcaster_tests::sim::small::{SmallSimulation, check};
use rtbroadcaster_tests::sim::{CLUSTER_GOALS, Failure, GOALS, Setup, check_seed, check_seeds, harness, run};

/// Pause between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(5);

#[derive(Parser)]
#[command(name = "sim", about = "Simulates rooms, pages and a bad network, and checks every guarantee.")]
struct Args {
    /// Play the program of this seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// Several servers instead of one.
    #[arg(long)]
    cluster: bool,
    /// Actions that run at a moment, on pages with clocks of their own.
    #[arg(long, conflicts_with_all = ["cluster", "minutes"])]
    moments: bool,
    /// People who come and go, and those who ask who is there.
    #[arg(long, conflicts_with_all = ["cluster", "minutes", "moments"])]
    people: bool,
    /// Followers that speak on lanes.
    #[arg(long, conflicts_with_all = ["cluster", "minutes", "moments", "people"])]
    lanes: bool,
    /// Rooms that are recorded, and kills.
    #[arg(long, conflicts_with_all = ["cluster", "minutes", "moments", "people", "lanes"])]
    recordings: bool,
    /// Pages that hand the right to write to each other.
    #[arg(long, conflicts_with_all = ["cluster", "minutes", "moments", "people", "lanes", "recordings"])]
    hand_overs: bool,
    /// Print all that happens in it, and do not shorten it.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// The first of many seeds.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many seeds to play.
    #[arg(long, default_value_t = 10_000, conflicts_with = "minutes")]
    cases: u64,
    /// How many minutes to play.
    #[arg(long)]
    minutes: Option<u64>,
}

impl Args {
    /// Those to play in a small world.
    fn seeds(&self) -> std::ops::Range<u64> {
        self.seed.map_or(self.from..self.from.saturating_add(self.cases), |seed| seed..seed + 1)
    }

    fn setup(&self) -> Setup {
        if self.cluster { Setup::Cluster } else { Setup::OneServer }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.moments {
        return small::<Moments>(&args);
    }
    if args.people {
        return small::<People>(&args);
    }
    if args.lanes {
        return small::<Lanes>(&args);
    }
    if args.recordings {
        return small::<Recordings>(&args);
    }
    if args.hand_overs {
        return small::<HandOvers>(&args);
    }
    let result = match args.seed {
        Some(seed) if args.trace => return replay(args.setup(), seed),
        Some(seed) => check_seed(args.setup(), seed),
        None => many(&args),
    };
    match result {
        Ok(coverage) => {
            let cluster_goals = if args.cluster { &CLUSTER_GOALS[..] } else { &[] };
            for goal in GOALS.iter().chain(cluster_goals) {
                println!("{:>9}  {goal}", coverage.hits(goal));
            }
            ExitCode::SUCCESS
        }
        Err(failure) => report(&failure),
    }
}

/// Plays a simulation with a small world.
fn small<S: SmallSimulation>(args: &Args) -> ExitCode {
    match check::<S>(args.seeds()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn many(args: &Args) -> Result<rtbroadcaster_tests::sim::Coverage, Box<Failure>> {
    let started = Instant::now();
    let said = std::sync::Mutex::new(started);
    check_seeds(args.setup(), args.from, |begun| {
        if let Ok(mut said) = said.try_lock()
            && said.elapsed() >= PROGRESS
        {
            *said = Instant::now();
            eprintln!("{begun} cases in {} s", started.elapsed().as_secs());
        }
        match args.minutes {
            Some(minutes) => started.elapsed() < Duration::from_secs(60 * minutes),
            None => begun < args.cases,
        }
    })
}

fn replay(setup: Setup, seed: u64) -> ExitCode {
    let (trace, violation) = match run(&harness::program_of(setup, seed), true) {
        Ok(run) => (run.trace, None),
        Err((violation, trace)) => (trace, Some(violation)),
    };
    trace.iter().for_each(|line| println!("{line}"));
    match violation {
        Some(violation) => {
            println!("violated: {violation}");
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    }
}

fn report(failure: &Failure) -> ExitCode {
    failure.trace.iter().for_each(|line| println!("{line}"));
    println!("{failure}");
    ExitCode::FAILURE
}
