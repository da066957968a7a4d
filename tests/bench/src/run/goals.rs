//! The server's goals, most of them ratios of medians within one run, and whether they are met.

use super::candidate::Candidate::{Bun, Coalescing, Server, WriteLoop};
use super::goal::Goal;
use super::machine;
use super::results::Results;
use crate::measurement::Metric;
use crate::scenario::Scenario;

/// The goals, line by line.
pub(super) fn all(results: &Results) -> Vec<Goal> {
    let all = [paced(results), busy(results), joins(results), stalled(results), other_ways(results)];
    all.into_iter().flatten().collect()
}

fn paced(results: &Results) -> Vec<Goal> {
    let against_writes = |scenario, metric| results.ratio(scenario, metric, Server, WriteLoop);
    let calls = |scenario| results.value(scenario, Server, Metric::CallsPerDelivery);
    vec![
        Goal::at_most(
            1.12,
            "paced, 1,000 followers × 50/s: CPU a delivery against the write loop",
            against_writes(Scenario::Paced, Metric::CpuPerDelivery),
        ),
        Goal::at_most(
            0.9,
            "the same against Bun",
            results.ratio(Scenario::Paced, Metric::CpuPerDelivery, Server, Bun),
        ),
        Goal::at_most(
            1.05,
            "the same: p50 against the write loop",
            against_writes(Scenario::Paced, Metric::P50),
        ),
        Goal::at_most(
            1.10,
            "the same: p99 against the write loop",
            against_writes(Scenario::Paced, Metric::P99),
        ),
        Goal::at_most(1.01, "system calls a delivery, paced", calls(Scenario::PacedCalls)),
        Goal::at_most(0.04, "system calls a delivery, busy", calls(Scenario::BusyCalls)),
        Goal::at_most(
            1.25,
            "500 rooms × 4 followers × 10/s: CPU a delivery against the write loop",
            against_writes(Scenario::Rooms, Metric::CpuPerDelivery),
        ),
        Goal::at_most(
            0.85,
            "the same against Bun",
            results.ratio(Scenario::Rooms, Metric::CpuPerDelivery, Server, Bun),
        ),
    ]
}

fn busy(results: &Results) -> Vec<Goal> {
    let rate = |scenario, other| results.ratio(scenario, Metric::DeliveriesPerSecond, Server, other);
    let unthrottled = |metric| results.value(Scenario::Unthrottled, Server, metric);
    vec![
        Goal::at_least(
            1.05,
            "saturated, 1,000 followers, 64 messages on their way: deliveries/s against coalescing",
            rate(Scenario::Saturated, Coalescing),
        ),
        Goal::at_most(0.0, "unthrottled owner: lost deliveries", unthrottled(Metric::Lost)),
        Goal::at_most(0.0, "the same: followers cut off", unthrottled(Metric::CutOff)),
        Goal::at_least(1.25, "the same: deliveries/s against Bun", rate(Scenario::Unthrottled, Bun)),
    ]
}

fn joins(results: &Results) -> Vec<Goal> {
    let ours = |scenario, metric| results.value(scenario, Server, metric);
    let against_writes = |scenario, metric| results.ratio(scenario, metric, Server, WriteLoop);
    // A fan-out can be spread over cores only where there are several.
    let spreads = machine::cores().is_ok_and(|cores| cores >= 4);
    vec![
        Goal::at_most(
            1.2,
            "10,000 idle followers: KiB a connection",
            ours(Scenario::Idle, Metric::MemoryPerConnection),
        ),
        Goal::at_most(
            if spreads { 0.65 } else { 0.95 },
            "one message to all of these: time until the last has it, against the write loop",
            against_writes(Scenario::Idle, Metric::TimeToLast),
        ),
        Goal::at_most(
            1.2,
            "late join with 1,000 slots: time until the last slot has come, against the write loop",
            against_writes(Scenario::LateJoin, Metric::JoinP50),
        ),
        Goal::at_most(
            2.84,
            "storm of 2,000 joins: CPU a join against the write loop (2.84 is 0.4 × the original)",
            against_writes(Scenario::Storm, Metric::CpuPerJoin),
        ),
        Goal::at_least(
            5_000.0,
            "the same: joins a second that one core sustains, including handshake and snapshot",
            ours(Scenario::Storm, Metric::CpuPerJoin).map(|microseconds| 1e6 / microseconds),
        ),
        Goal::at_most(
            0.0,
            "the same: connections that had to wait for a retransmission",
            ours(Scenario::Storm, Metric::NotQueued),
        ),
    ]
}

fn stalled(results: &Results) -> Vec<Goal> {
    let ours = |scenario, metric| results.value(scenario, Server, metric);
    let p99 = |with, without| Some(ours(with, Metric::P99)? / ours(without, Metric::P99)?);
    let grown =
        |with, without| Some(ours(with, Metric::MemoryGrowth)? - ours(without, Metric::MemoryGrowth)?);
    let (few, many) = (Scenario::FewStalled, Scenario::ManyStalled);
    vec![
        Goal::at_most(
            0.0,
            "2 of 20 stalled, 2,000/s: deliveries that the others lost",
            ours(few, Metric::Lost),
        ),
        Goal::at_most(
            1.2,
            "the same: p99 of the others against a run without stalled followers",
            p99(few, Scenario::Few),
        ),
        Goal::at_most(
            4.0,
            "the same: MiB grown beyond a run without stalled followers",
            grown(few, Scenario::Few),
        ),
        Goal::at_most(0.0, "the same: stalled followers that did not come back", ours(few, Metric::Behind)),
        Goal::at_most(0.0, "300 of 1,000 stalled: deliveries that the others lost", ours(many, Metric::Lost)),
        Goal::at_most(
            1.2,
            "the same: p99 of the others against a run without stalled followers",
            p99(many, Scenario::Many),
        ),
        Goal::at_most(
            4.0,
            "the same: MiB grown beyond a run without stalled followers",
            grown(many, Scenario::Many),
        ),
        Goal::at_most(0.0, "the same: stalled followers that did not come back", ours(many, Metric::Behind)),
    ]
}

/// TLS and server-sent events.
fn other_ways(results: &Results) -> Vec<Goal> {
    let memory = |scenario| results.value(scenario, Server, Metric::MemoryPerConnection);
    vec![
        Goal::at_most(
            1.25,
            "paced over TLS: CPU a delivery against the encrypting loop",
            results.ratio(Scenario::PacedTls, Metric::CpuPerDelivery, Server, WriteLoop),
        ),
        Goal::at_most(6.0, "10,000 idle followers over TLS: KiB a connection", memory(Scenario::IdleTls)),
        Goal::at_most(
            4.0,
            "1,000 idle followers by server-sent events: KiB a connection",
            memory(Scenario::IdleEvents),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::Measurement;
    use crate::run::goal;

    #[test]
    fn each_goal_is_judged_by_its_own_numbers() {
        let mut results = Results::default();
        let run = |cpu| Ok(Measurement::from([(Metric::CpuPerDelivery, cpu)]));
        results.add(Scenario::Paced, Server, run(7.0));
        results.add(Scenario::Paced, WriteLoop, run(6.5));
        results.add(Scenario::Rooms, Server, run(20.0));
        results.add(Scenario::Rooms, WriteLoop, run(10.0));
        let table = goal::table(&all(&results));
        let row = |what: &str| table.lines().find(|line| line.contains(what)).unwrap().to_owned();
        assert!(row("50/s: CPU").ends_with("| ≤ 1.12 | 1.077 | met |"), "{table}");
        assert!(row("500 rooms").ends_with("| ≤ 1.25 | 2 | **not met** |"), "{table}");
        assert!(row("saturated").ends_with("| ≥ 1.05 | – | not measured |"), "{table}");
    }
}
