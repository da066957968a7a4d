//! What several nodes cost: two on three NATS servers, one server alone, bare programs that move
//! the same messages, and Socket.IO with Redis.

mod check;
mod goals;
mod nats_servers;
mod nodes;
mod sizing;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::candidate::{Candidate, Programs, no_redis};
use super::document::Page;
use super::{measurement, value};
use crate::bare::{HEARS, Runtime};
use crate::measurement::{Measurement, Metric};
use crate::scenario::{Extent, Scenario};
pub(super) use check::check;
use nats_servers::NatsServers;
use nodes::Nodes;

/// The payload of a bare publish; bytes.
const USUAL: f64 = 200.0;

/// The page with the results.
pub(super) const PAGE: Page = Page {
    name: "benchmark-cluster",
    introduction: INTRODUCTION,
    goals: goals::all,
    keeps_processors: false,
    plots: &[],
    findings: include_str!("../../findings-cluster.md"),
    more: sizing::markdown,
    method: METHOD,
};

/// What is played, if it isn't said.
pub(super) fn plan(extent: Extent) -> Vec<Scenario> {
    if extent == Extent::Check { check::SCENARIOS.to_vec() } else { Scenario::OF_A_CLUSTER.to_vec() }
}

/// How many turns each candidate gets, if it isn't said. Which NATS server leads a stream, and to
/// which one a node is connected, is another chance in each.
pub(super) fn rounds(extent: Extent) -> usize {
    if extent == Extent::Check { 1 } else { extent.rounds() }
}

/// The candidates of a scenario.
pub(super) fn candidates(scenario: Scenario, extent: Extent, with_peers: bool) -> Vec<Candidate> {
    use Candidate::{Cluster, PubSubAdapter, Server, StreamsAdapter};
    let is_alone = scenario.kills() || extent == Extent::Check;
    let ours: &[_] = if is_alone { &[Cluster] } else { &[Server, Cluster] };
    let peers: &[_] = match scenario {
        Scenario::ClusterPaced
        | Scenario::ClusterRooms
        | Scenario::ClusterOwnersNode
        | Scenario::ClusterFollowersNode => &[StreamsAdapter, PubSubAdapter],
        _ => &[],
    };
    let peers = peers.iter().filter(|_| with_peers && no_redis().is_none());
    ours.iter().chain(peers).copied().collect()
}

/// One candidate's turn, and the bare programs' that it is compared with.
pub(super) fn turn(
    programs: &Programs,
    candidate: Candidate,
    scenario: Scenario,
    extent: Extent,
) -> anyhow::Result<Measurement> {
    let nodes = Nodes::start(programs, candidate)?;
    let mut load = load(programs, candidate, &nodes, scenario, extent)?;
    let mut measured = measurement(&load.output().context("the load generator cannot be started")?)?;
    let nats = nodes.into_nats();
    if let (Some(nats), Some(entries)) = (nats, measured.get(&Metric::EntriesPerSecond).copied()) {
        let bare = BarePrograms { programs, nats: &nats, extent };
        measured.extend(bare.publish(scenario)?);
        let (bytes, actions) = (measured[&Metric::BytesPerEntry], measured[&Metric::ActionsPerEntry]);
        for (runtime, metric) in
            [(Runtime::Threads, Metric::BareCpuPerAction), (Runtime::Thread, Metric::BareThreadCpuPerAction)]
        {
            measured.insert(metric, bare.pair(runtime, entries, bytes)? / actions);
        }
    }
    Ok(measured)
}

fn load(
    programs: &Programs,
    candidate: Candidate,
    nodes: &Nodes,
    scenario: Scenario,
    extent: Extent,
) -> anyhow::Result<Command> {
    let mut load = Command::new(&programs.bench);
    load.args(["load", &value(&scenario), "--extent", &value(&extent)]);
    load.args(["--dialect", &value(&candidate.dialect())]);
    let (owners, others) = nodes.addresses().split_first().context("there is no node")?;
    load.args(["--address", &owners.to_string()]);
    if !others.is_empty() {
        for address in others.iter().chain([owners]) {
            load.args(["--follow-at", &address.to_string()]);
        }
    }
    for process in nodes.processes() {
        load.args(["--process", &process.to_string()]);
    }
    for process in nodes.between() {
        load.args(["--between", &process.to_string()]);
    }
    if let Some(monitor) = nodes.monitor() {
        load.args(["--monitor", &monitor.to_string()]);
    }
    load.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(load)
}

/// The bare programs, on the NATS servers that have just served our nodes.
struct BarePrograms<'a> {
    programs: &'a Programs,
    nats: &'a NatsServers,
    extent: Extent,
}

impl BarePrograms<'_> {
    /// One publish, as often as the scenario's owner acts; without a pause where that is more often
    /// than one after the other can be.
    fn publish(&self, scenario: Scenario) -> anyhow::Result<Measurement> {
        let rate = match scenario {
            Scenario::Cluster50 => Some(50.0),
            Scenario::Cluster500 => Some(500.0),
            Scenario::Cluster5000 | Scenario::ClusterSaturated => None,
            _ => return Ok(Measurement::new()),
        };
        let mut publish = self.publisher(Runtime::Threads, rate, USUAL);
        let mut published = measurement(&publish.output().context("the bare publisher cannot be started")?)?;
        published.remove(&Metric::BareCpuPerAction);
        Ok(published)
    }

    /// The CPU time of two programs for one entry, of which one publishes as many of them as our
    /// nodes did and the other one hears them; µs.
    fn pair(&self, runtime: Runtime, entries: f64, bytes: f64) -> anyhow::Result<f64> {
        let mut hear = Command::new(&self.programs.bench);
        hear.args(["bare", "hear", "--nats", &self.nats.urls(), "--runtime", &value(&runtime)]);
        hear.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut hear = hear.spawn().context("the bare hearer cannot be started")?;
        let mut stdout = BufReader::new(hear.stdout.take().context("its stdout is a pipe")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        if line.trim_end() != HEARS {
            let output = hear.wait_with_output()?;
            bail!("the bare hearer hears nothing: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let mut publish = self.publisher(runtime, Some(entries), bytes);
        let published = measurement(&publish.output().context("the bare publisher cannot be started")?);
        drop(hear.stdin.take());
        line.clear();
        stdout.read_line(&mut line)?;
        hear.wait()?;
        let heard: Measurement =
            serde_json::from_str(&line).context("the bare hearer did not print a measurement")?;
        Ok(published?[&Metric::BareCpuPerAction] + heard[&Metric::BareCpuPerAction])
    }

    fn publisher(&self, runtime: Runtime, rate: Option<f64>, bytes: f64) -> Command {
        let mut publish = Command::new(&self.programs.bench);
        publish.args(["bare", "publish", "--nats", &self.nats.urls(), "--runtime", &value(&runtime)]);
        publish.args(["--bytes", &bytes.to_string()]);
        publish.args(["--seconds", &(self.extent.seconds() / 2.0).to_string()]);
        if let Some(rate) = rate {
            publish.args(["--per-second", &rate.to_string()]);
        }
        publish
    }
}

const INTRODUCTION: &str = "\
# What several nodes cost

`cargo xtask bench --cluster --peers --save` has written this. `cargo xtask bench --cluster`
measures again on your machine: absolute figures differ from machine to machine, ratios within one
run hold.
";

const METHOD: &str = "\
## How it is measured

The [benchmark of servers](benchmark.md#how-it-is-measured) says how candidates take turns and what
the columns mean. Here each turn has two nodes and three fresh NATS servers, with their files on the
file system of `target/`, all on one machine: with the load generator, six processes share its
cores. `rtbroadcaster` alone is one server without `--nats`.

- **Owners** are connected to the first node, and speak as pages do: every action has 200 bytes and
  an id, and is acknowledged. Followers take turns between the other node and the first one; a
  single follower is on the other one.
- **Acknowledged** goes from just before the owner's write to the read of its answer. **Delivered
  after that** is, action by action, the moment of its delivery on the other node less that of its
  acknowledgement. Less than 0 says that it was delivered first.
- **A bare publish** is a program that publishes 200 bytes to a stream with three replicas, one
  after the other, each with the sequence that it expects to be the last, as often a second as the
  owner acts; at 5,000 actions a second and saturated, as often as it can.
- **The bare program** is two: one publishes as many messages a second as the nodes wrote entries in
  the same turn, as large as these, each with the expected last sequence; the other one subscribes
  to what the servers then publish. Both run on tokio's usual runtime, with a thread for each core.
  With a runtime of one thread they need less, which stands beside it and is not judged.
- **CPU an action** is that of both nodes together; of NATS that of all three servers, and of Redis
  that of its process.
- **Socket.IO** runs twice on Node, with an adapter for Redis on the same machine
  (`tests/bench/peers/socketio-redis.mjs`), and acknowledges an action when the adapter has taken
  it: that of streams when Redis has answered, that of pub/sub at once. Redis keeps nothing on the
  disk. With streams, connection state recovery is on; the other adapter has none.
- **Killed**: one node is killed with `SIGKILL` in the middle of 2,000 actions a second. Those that
  were connected to it come back on the other one, the owner at once, followers after 250 ms, as
  their client's library would. The owner begins with what was not acknowledged. *Acknowledged and
  lost* are those that a follower never got, *repeated* those that came twice, both summed over the
  10 followers. It is the worst turn.
- **Idle**: 10,000 owners open a room each on the first node; then 9,000 of the rooms get a follower
  each on the other one, which is what a limit of 20,000 open files lets the load generator do. The
  growth of each node's proportional set size is divided by the rooms; the connection is part of it.
  On the server alone, what a follower adds is its connection.
";
