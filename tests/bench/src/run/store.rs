//! What a store costs: the server with and without one, and bare programs that do the same work.

mod goals;
mod recovery;

use std::cell::OnceCell;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::Context;

use super::candidate::{Candidate, METRICS_TOKEN, Programs, Running, no_redis};
use super::document::Page;
use super::{load, measurement};
use crate::measurement::{Measurement, Metric};
use crate::scenario::{Extent, Scenario};
use recovery::Filled;

/// How many turns each candidate gets.
pub(super) const ROUNDS: usize = 3;

/// The page with the results.
pub(super) const PAGE: Page = Page {
    name: "benchmark-store",
    introduction: INTRODUCTION,
    goals: goals::all,
    keeps_processors: false,
    plots: &[],
    findings: include_str!("../../findings-store.md"),
    more: |_| String::new(),
    method: METHOD,
};

/// The candidates of a scenario. Says why, if one can't take part.
pub(super) fn candidates(scenario: Scenario, with_peers: bool) -> Vec<Candidate> {
    use Candidate::{Bare, Disk, Os, RedisAlways, RedisLater, Server};
    let ours: &[_] = match scenario {
        Scenario::Recovery => &[Disk, Bare],
        Scenario::Kill => &[Disk, Os],
        _ => &[Server, Disk, Os],
    };
    let peers: &[_] = match scenario {
        Scenario::Acknowledged | Scenario::Kill if with_peers => &[RedisAlways, RedisLater],
        _ => &[],
    };
    let peers = peers.iter().filter(|_| no_redis().is_none());
    ours.iter().chain(peers).copied().collect()
}

/// Says which candidates can't take part, and why.
pub(super) fn tell_who_is_missing(with_peers: bool) {
    if !with_peers {
        eprintln!("without --peers there is no Socket.IO");
    } else if let Some(reason) = no_redis() {
        eprintln!("Socket.IO with Redis is left out: {reason}");
    }
}

/// What turns share.
#[derive(Default)]
pub(super) struct Measuring {
    filled: OnceCell<Filled>,
}

impl Measuring {
    /// One candidate's turn, and the bare programs' that it is compared with.
    pub(super) fn turn(
        &self,
        programs: &Programs,
        candidate: Candidate,
        scenario: Scenario,
        extent: Extent,
    ) -> anyhow::Result<Measurement> {
        match scenario {
            Scenario::Recovery => self.filled(programs, extent)?.start(programs, candidate),
            Scenario::Kill => kill(programs, candidate, extent),
            _ => serve(programs, candidate, scenario, extent),
        }
    }

    fn filled(&self, programs: &Programs, extent: Extent) -> anyhow::Result<&Filled> {
        if let Some(filled) = self.filled.get() {
            return Ok(filled);
        }
        let filled = Filled::fill(programs, extent)?;
        Ok(self.filled.get_or_init(|| filled))
    }
}

fn serve(
    programs: &Programs,
    candidate: Candidate,
    scenario: Scenario,
    extent: Extent,
) -> anyhow::Result<Measurement> {
    let running = Running::start(programs, candidate)?;
    let mut load = load(programs, candidate, &running, scenario, extent);
    if matches!(candidate, Candidate::Server | Candidate::Disk | Candidate::Os) {
        load.args(["--metrics-token", METRICS_TOKEN]);
    }
    let mut measured = measurement(&load.output().context("the load generator cannot be started")?)?;
    drop(running);
    if measured.contains_key(&Metric::CommitsPerSecond) {
        measured.extend(commits(programs, candidate, &measured, extent)?);
        measured.extend(appends(programs, &measured)?);
    }
    Ok(measured)
}

/// The bare program that commits such groups.
fn commits(
    programs: &Programs,
    candidate: Candidate,
    measured: &Measurement,
    extent: Extent,
) -> anyhow::Result<Measurement> {
    let directory = programs.directory()?;
    let mut bare = bare(programs, "commit");
    bare.arg(&directory.0);
    bare.args(["--synchronous", if candidate == Candidate::Disk { "FULL" } else { "NORMAL" }]);
    bare.args(["--seconds", &extent.seconds().to_string()]);
    for (flag, metric) in [
        ("--rows-per-commit", Metric::RowsPerCommit),
        ("--bytes-per-row", Metric::BytesPerRow),
        ("--commits-per-second", Metric::CommitsPerSecond),
        ("--actions-per-commit", Metric::ActionsPerCommit),
    ] {
        bare.arg(flag).arg(measured[&metric].to_string());
    }
    measurement(&bare.output().context("the bare program cannot be started")?)
}

/// The bare program that appends as often as the server committed.
fn appends(programs: &Programs, measured: &Measurement) -> anyhow::Result<Measurement> {
    let directory = programs.directory()?;
    let mut bare = bare(programs, "append");
    bare.arg(&directory.0);
    bare.arg("--appends-per-second").arg(measured[&Metric::CommitsPerSecond].to_string());
    measurement(&bare.output().context("the bare program cannot be started")?)
}

/// Kills a candidate under load, with all that it needs, and starts it again.
fn kill(programs: &Programs, candidate: Candidate, extent: Extent) -> anyhow::Result<Measurement> {
    let mut running = Running::start(programs, candidate)?;
    let load = load(programs, candidate, &running, Scenario::Kill, extent).spawn();
    let mut load = load.context("the load generator cannot be started")?;
    // The load generator kills, because it knows when.
    while load.try_wait()?.is_none() {
        if running.has_ended()? {
            running.start_again(programs, candidate)?;
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    measurement(&load.wait_with_output()?)
}

fn bare(programs: &Programs, work: &str) -> Command {
    let mut command = Command::new(&programs.bench);
    command.args(["bare", work]);
    command
}

const INTRODUCTION: &str = "\
# What a store costs

`cargo xtask bench --store --peers --save` has written this. `cargo xtask bench --store` measures
again on your machine: absolute figures differ from machine to machine, ratios within one run hold.
";

const METHOD: &str = "\
## How it is measured

The [benchmark of servers](benchmark.md#how-it-is-measured) says how candidates take turns and what
the columns mean. Here each candidate that keeps something does so in a fresh directory on the file
system of `target/`.

- **Acknowledged**: one owner has 64 actions on their way to the server's answer, and 10 followers
  read along. An action has 200 bytes.
- **The bare program** commits to SQLite as many rows, of as many bytes, in groups as large and as
  often a second as the server did in the same turn (`/metrics` says how many), with the same table
  and settings. Between two groups it sleeps.
- **Append + fdatasync** is a block of 4 KiB at the end of a fresh file, as often a second as the
  server committed in the same turn, for 2.5 s after it. The pace matters: between two of 50 appends
  a second a CPU goes to sleep, as it does between two of 50 commits, and each then waits until it
  is awake. What an append takes *in a tight loop* of 500 stands beside it, and is not judged.
- **Added** is a difference of medians: with the store, less without it.
- **Recovery**: owners who wait for each answer fill a store, so that each action is a row, and the
  server is killed. Then it takes turns with a program that reads every row in order and sums a CRC
  over all of it: from the start of the process until it listens, or ends. The server reads on one
  thread and makes the rooms on another; the program has one thread. The file is in the system's
  cache for both.
- **Killed**: half of the followers are away when the server and Redis, if there is one, are killed
  with `SIGKILL` in the middle of 2,000 actions a second. They are started again; the owner comes
  back first and sends on, beginning with what was not acknowledged; then all followers come back as
  their client's library would. *Acknowledged and lost* are those that a follower never got, summed
  over the 10 followers. It is the worst turn.
- **Socket.IO** has its Redis streams adapter and connection state recovery, on Node, with Redis on
  the same machine (`tests/bench/peers/socketio-redis.mjs`). It acknowledges an action when Redis
  has answered, which is when its `appendfsync` says.
";
