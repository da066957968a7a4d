//! The runner: measures the candidates in turn in each scenario, then writes tables, goals and
//! plots.

mod candidate;
mod check;
mod cluster;
mod comparison;
mod document;
mod goal;
mod goals;
mod machine;
mod plot;
mod priority;
mod processor;
mod quiet;
mod results;
mod store;
mod table;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};
use clap::ValueEnum;

pub(crate) use candidate::Candidate;
use candidate::{Programs, Running};
use priority::Priority;
use results::Results;

use crate::load::Tool;
use crate::measurement::{Measurement, Metric};
use crate::scenario::{Extent, Scenario};
use crate::tls::Certificate;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The server's binary.
    #[arg(long)]
    server: PathBuf,
    #[arg(long, default_value = "full")]
    extent: Extent,
    /// Run these scenarios alone.
    #[arg(long)]
    only: Vec<Scenario>,
    /// How many turns each candidate gets.
    #[arg(long)]
    rounds: Option<usize>,
    /// The folder for the results and their plots.
    #[arg(long)]
    output: PathBuf,
    /// The folder of the peers, if any takes part.
    #[arg(long)]
    peers: Option<PathBuf>,
    /// All peers take part, not Bun alone.
    #[arg(long, requires = "peers")]
    all_peers: bool,
    /// Also write the results to this folder, to be kept. Fails if others were busy during the run.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// An earlier build of the server: compares the two, and nothing else.
    #[arg(long)]
    before: Option<PathBuf>,
    /// The directory for stores: measures what a store costs, and nothing else.
    #[arg(long)]
    store: Option<PathBuf>,
    /// The directory for what a cluster keeps: measures what several nodes cost, and nothing else.
    #[arg(long, requires = "nats_server")]
    cluster: Option<PathBuf>,
    /// The NATS server's binary.
    #[arg(long)]
    nats_server: Option<PathBuf>,
}

/// Measures and prints the results. Fails if they miss a limit that CI checks.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let programs = Programs {
        server: args.server.clone(),
        before: args.before.clone(),
        bench: std::env::current_exe()?,
        certificate: Certificate::create(&args.output.join("tls"))?,
        peers: args.peers.clone(),
        stores: args.store.clone().or_else(|| args.cluster.clone()),
        nats_server: args.nats_server.clone(),
    };
    let measuring = store::Measuring::default();
    if programs.stores.is_some() && args.extent != Extent::Check {
        store::tell_who_is_missing(args.all_peers);
    }
    let priority = Priority::take();
    let tool = Tool::find();
    let rounds = args.rounds.unwrap_or(match (&args.store, &args.cluster) {
        // The bare programs take as long again.
        (Some(_), _) => store::ROUNDS,
        (None, Some(_)) => cluster::rounds(args.extent),
        (None, None) => args.extent.rounds(),
    });
    let repetitions = if priority.is_ok() { 0 } else { args.extent.repetitions() };
    let results = take_turns(args, rounds, |candidate, scenario| {
        least_disturbed(repetitions, || match (&args.store, &args.cluster) {
            (Some(_), _) => measuring.turn(&programs, candidate, scenario, args.extent),
            (None, Some(_)) => cluster::turn(&programs, candidate, scenario, args.extent),
            (None, None) => measure(&programs, candidate, scenario, args.extent, tool),
        })
    });
    let tool = tool.map_or("nothing, as neither perf nor strace works here", Tool::name);
    let preference = if priority.is_ok() { ", at a higher priority than other programs" } else { "" };
    let circumstances = format!(
        "{}\n{rounds} turns each{preference}.\nSystem calls counted by {tool}.{}\n{}",
        machine::description()?,
        send_cost(&results),
        quiet::sentence(&results),
    );
    if args.extent == Extent::Check {
        println!("{circumstances}");
        return if args.cluster.is_some() { cluster::check(&results) } else { check::check(&results) };
    }
    if args.before.is_some() {
        println!("{circumstances}\n\n{}", comparison::table(&results));
    } else {
        let page = match (&args.store, &args.cluster) {
            (Some(_), _) => &store::PAGE,
            (None, Some(_)) => &cluster::PAGE,
            (None, None) => &document::SERVERS,
        };
        println!("{}", document::write(page, &results, &circumstances, &args.output)?);
        if let Some(folder) = &args.keep {
            quiet::check(&results)?;
            document::write(page, &results, &circumstances, folder)?;
        }
    }
    if results.failures().is_empty() {
        Ok(())
    } else {
        bail!("some runs failed: {}", results.failures().join("; "))
    }
}

/// What a system call to send a message costs here, if that was measured: ratios differ with it.
fn send_cost(results: &Results) -> String {
    let cost = results.value(Scenario::Paced, Candidate::WriteLoop, Metric::CpuPerDelivery);
    cost.map(|cost| format!(" One send to one follower costs {cost:.1} µs.")).unwrap_or_default()
}

/// Runs every scenario, candidate after candidate, round after round, and prints a line for each
/// turn.
fn take_turns(
    args: &Args,
    rounds: usize,
    turn: impl Fn(Candidate, Scenario) -> anyhow::Result<Measurement>,
) -> Results {
    let plan = plan(args);
    let turns: usize = plan.iter().map(|scenario| candidates(*scenario, args).len() * rounds).sum();
    let began = Instant::now();
    let mut results = Results::default();
    let mut done = 0;
    for scenario in plan {
        for round in 1..=rounds {
            let mut order = candidates(scenario, args);
            // Whatever it costs to be first or last in a round, each candidate bears in its turn.
            let first = round % order.len();
            order.rotate_left(first);
            for candidate in order {
                let outcome = turn(candidate, scenario);
                done += 1;
                let result = outcome.as_ref().map_or_else(|error| format!("FAILED: {error:#}"), headline);
                eprintln!(
                    "[{done}/{turns}, {} s] {}, round {round}, {}: {result}",
                    began.elapsed().as_secs(),
                    scenario.name(),
                    candidate.name(),
                );
                results.add(scenario, candidate, outcome);
            }
        }
    }
    results
}

fn plan(args: &Args) -> Vec<Scenario> {
    if !args.only.is_empty() {
        return args.only.clone();
    }
    if args.store.is_some() {
        return Scenario::OF_THE_STORE.to_vec();
    }
    if args.cluster.is_some() {
        return cluster::plan(args.extent);
    }
    match args.extent {
        Extent::Full | Extent::Quick if args.before.is_some() => vec![Scenario::Paced, Scenario::Rooms],
        Extent::Full | Extent::Quick => {
            let all = Scenario::value_variants().iter().copied();
            all.filter(|scenario| scenario.is_of_one_server()).collect()
        }
        Extent::Check => check::SCENARIOS.to_vec(),
    }
}

/// The candidates of a scenario: those that do the same work in it.
fn candidates(scenario: Scenario, args: &Args) -> Vec<Candidate> {
    use Candidate::{Bun, Coalescing, Server, WriteLoop};
    if args.store.is_some() {
        return store::candidates(scenario, args.all_peers);
    }
    if args.cluster.is_some() {
        return cluster::candidates(scenario, args.extent, args.all_peers);
    }
    if args.before.is_some() {
        return vec![Server, Candidate::Before, Candidate::BeforeAgain];
    }
    if args.extent == Extent::Check {
        let has_floor = matches!(scenario, Scenario::Paced | Scenario::PacedTls);
        return if has_floor { vec![Server, WriteLoop] } else { vec![Server] };
    }
    let (ours, peers): (&[_], &[_]) = match scenario {
        Scenario::Paced
        | Scenario::PacedCalls
        | Scenario::Saturated
        | Scenario::SaturatedSmall
        | Scenario::BusyCalls
        | Scenario::Rooms => (&[Server, WriteLoop, Coalescing], &Candidate::PEERS),
        Scenario::IdleTls => (&[Server, WriteLoop], &[]),
        // One write for each of ten million deliveries takes minutes and shows nothing new.
        Scenario::Unthrottled => (&[Server, Coalescing], &[Bun]),
        Scenario::Idle | Scenario::LateJoin | Scenario::Storm => (&[Server, WriteLoop], &Candidate::PEERS),
        // The floor waits for the slowest follower.
        Scenario::Few | Scenario::FewStalled | Scenario::Many | Scenario::ManyStalled => (&[Server], &[Bun]),
        Scenario::PacedTls | Scenario::Mixed | Scenario::Pages => (&[Server, WriteLoop], &[]),
        // The others need a store.
        _ => (&[Server], &[]),
    };
    let takes_part = |peer: &&Candidate| args.peers.is_some() && (args.all_peers || **peer == Bun);
    let peers = peers.iter().filter(takes_part);
    ours.iter().chain(peers).copied().collect()
}

/// Repeats a turn in which other processes kept the machine busy.
fn least_disturbed(
    repetitions: usize,
    mut measure: impl FnMut() -> anyhow::Result<Measurement>,
) -> anyhow::Result<Measurement> {
    let mut best = measure()?;
    for _ in 0..repetitions {
        if !quiet::is_disturbed(&best) {
            break;
        }
        let again = measure()?;
        if quiet::others_busy(&again) < quiet::others_busy(&best) {
            best = again;
        }
    }
    Ok(best)
}

/// One candidate's turn, in a process of its own.
fn measure(
    programs: &Programs,
    candidate: Candidate,
    scenario: Scenario,
    extent: Extent,
    tool: Option<Tool>,
) -> anyhow::Result<Measurement> {
    let is_over_tls = scenario.is_over_tls();
    let start = if is_over_tls { Running::start_tls } else { Running::start };
    let running = start(programs, candidate)?;
    let mut load = load(programs, candidate, &running, scenario, extent);
    if let Some(certificate) = programs.certificate.file().filter(|_| is_over_tls) {
        load.arg("--tls-cert").arg(certificate);
    }
    if let Some(tool) = tool {
        load.args(["--calls", &value(&tool)]);
    }
    measurement(&load.output().context("the load generator cannot be started")?)
}

/// The load generator, playing a scenario against a candidate.
fn load(
    programs: &Programs,
    candidate: Candidate,
    running: &Running,
    scenario: Scenario,
    extent: Extent,
) -> Command {
    let mut load = Command::new(&programs.bench);
    load.args(["load", &value(&scenario), "--extent", &value(&extent)]);
    load.args(["--address", &running.address, "--dialect", &value(&candidate.dialect())]);
    for process in running.processes() {
        load.args(["--process", &process.to_string()]);
    }
    load.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    load
}

/// What a program of this crate has printed.
fn measurement(output: &Output) -> anyhow::Result<Measurement> {
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("a program did not print a measurement")
}

fn value(of: &impl ValueEnum) -> String {
    of.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// The first numbers of a run, for the line of progress.
fn headline(run: &Measurement) -> String {
    let shown = run.iter().filter(|(metric, value)| !metric.counts_faults() || **value > 0.0);
    shown
        .map(|(metric, value)| format!("{} {}", table::number(*metric, *value), metric.head()))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How busy others were in the turn that counts, if they are this busy in each turn.
    fn least_busy(repetitions: usize, turns: &[f64]) -> f64 {
        let mut turns = turns.iter();
        let measure = || {
            let busy = *turns.next().expect("no more turns are wanted");
            Ok(Measurement::from([(Metric::OthersBusy, busy)]))
        };
        least_disturbed(repetitions, measure).unwrap()[&Metric::OthersBusy]
    }

    #[test]
    fn a_turn_that_others_disturb_is_taken_again() {
        assert_eq!(least_busy(2, &[0.1]), 0.1);
        assert_eq!(least_busy(2, &[0.9, 0.2]), 0.2);
        assert_eq!(least_busy(2, &[0.9, 0.8, 1.2]), 0.8);
        assert_eq!(least_busy(0, &[0.9]), 0.9);
    }
}
