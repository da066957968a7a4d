//! The limits that CI checks: ratios and sizes, with some margin for busy machines.

use anyhow::{Context, bail};

use super::candidate::Candidate::{Server, WriteLoop};
use super::results::Results;
use crate::measurement::Metric;
use crate::scenario::Scenario;

/// What is played.
pub(super) const SCENARIOS: [Scenario; 6] = [
    Scenario::PacedCalls,
    Scenario::BusyCalls,
    Scenario::Paced,
    Scenario::PacedTls,
    Scenario::IdleTls,
    Scenario::IdleEvents,
];

/// CPU time of a delivery, as a multiple of the write loop's. The goal is 1.12; beside two builds
/// it was 1.5.
const MAX_CPU: f64 = 2.5;
/// The same over TLS, as a multiple of the encrypting loop's. The goal is 1.25.
const MAX_TLS_CPU: f64 = 2.5;
/// System calls of a delivery when messages come one by one. Beside one write per follower, each
/// message takes some five calls for its owner, which is 0.01 with 500 followers, and a few more
/// for each further thread that serves the room.
const MAX_CALLS: f64 = 1.05;
/// The same with 64 messages on their way: twice the goal.
const MAX_BUSY_CALLS: f64 = 0.08;
/// An idle follower over TLS; KiB. The goal is 6 for each of 10,000; of 500 each bears more of what
/// the server keeps for all.
const MAX_TLS_KIBIBYTES: f64 = 16.0;
/// An idle follower by server-sent events; KiB. The goal is 4 for each of 1,000; of 500 each bears
/// more of what the server keeps for all.
const MAX_EVENTS_KIBIBYTES: f64 = 12.0;

/// Prints the results, and fails if they exceed a limit.
pub(super) fn check(results: &Results) -> anyhow::Result<()> {
    if let Some(failure) = results.failures().first() {
        bail!("{failure}");
    }
    let mut is_too_much = false;
    for (scenario, max, what) in [
        (Scenario::Paced, MAX_CPU, "a bare write"),
        (Scenario::PacedTls, MAX_TLS_CPU, "a bare write that encrypts"),
    ] {
        let cpu = results.ratio(scenario, Metric::CpuPerDelivery, Server, WriteLoop);
        let cpu = cpu.context("CPU time was not measured")?;
        println!("a delivery costs {cpu:.2} × what {what} does; it may cost {max} ×");
        is_too_much |= cpu > max;
    }
    for (scenario, max, when) in
        [(Scenario::PacedCalls, MAX_CALLS, "paced"), (Scenario::BusyCalls, MAX_BUSY_CALLS, "busy")]
    {
        match results.value(scenario, Server, Metric::CallsPerDelivery) {
            Some(calls) => {
                println!("a delivery takes {calls:.3} system calls when {when}; it may take {max}");
                is_too_much |= calls > max;
            }
            None => println!("system calls when {when} were not counted, for want of perf"),
        }
    }
    for (scenario, max, how) in [
        (Scenario::IdleTls, MAX_TLS_KIBIBYTES, "over TLS"),
        (Scenario::IdleEvents, MAX_EVENTS_KIBIBYTES, "by server-sent events"),
    ] {
        let kibibytes = results.value(scenario, Server, Metric::MemoryPerConnection);
        let kibibytes = kibibytes.context("memory was not measured")?;
        println!("an idle follower {how} takes {kibibytes:.2} KiB; it may take {max}");
        is_too_much |= kibibytes > max;
    }
    let faults = [Metric::Lost, Metric::Repeated, Metric::CutOff];
    let faults = |scenario| faults.iter().filter_map(move |fault| results.value(scenario, Server, *fault));
    let faults: f64 = SCENARIOS.into_iter().flat_map(faults).sum();
    if is_too_much {
        bail!("a delivery or a follower has become too expensive; `cargo xtask bench --quick` tells more");
    }
    if faults > 0.0 {
        bail!("{faults} deliveries were lost or repeated, or followers cut off");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::Measurement;

    fn results(cpu: f64, calls: f64, busy_calls: f64, lost: f64) -> Results {
        let mut results = Results::default();
        let run = |cpu, lost| Ok(Measurement::from([(Metric::CpuPerDelivery, cpu), (Metric::Lost, lost)]));
        results.add(Scenario::Paced, Server, run(cpu, lost));
        results.add(Scenario::Paced, WriteLoop, run(5.0, 0.0));
        results.add(Scenario::PacedTls, Server, run(6.0, lost));
        results.add(Scenario::PacedTls, WriteLoop, run(5.0, 0.0));
        for scenario in [Scenario::IdleTls, Scenario::IdleEvents] {
            let run = [(Metric::MemoryPerConnection, 4.0), (Metric::Lost, 0.0)];
            results.add(scenario, Server, Ok(Measurement::from(run)));
        }
        let counted = |calls| Ok(Measurement::from([(Metric::CallsPerDelivery, calls)]));
        results.add(Scenario::PacedCalls, Server, counted(calls));
        results.add(Scenario::BusyCalls, Server, counted(busy_calls));
        results
    }

    #[test]
    fn what_costs_too_much_or_loses_something_fails() {
        assert!(check(&results(6.0, 1.01, 0.03, 0.0)).is_ok());
        assert!(check(&results(5.0 * MAX_CPU + 0.1, 1.01, 0.03, 0.0)).is_err());
        assert!(check(&results(6.0, MAX_CALLS + 0.01, 0.03, 0.0)).is_err());
        assert!(check(&results(6.0, 1.01, MAX_BUSY_CALLS + 0.01, 0.0)).is_err());
        assert!(check(&results(6.0, 1.01, 0.03, 1.0)).is_err());
    }

    #[test]
    fn what_is_dear_over_tls_or_by_events_fails() {
        for (scenario, metric, value) in [
            (Scenario::PacedTls, Metric::CpuPerDelivery, 5.0 * MAX_TLS_CPU + 0.1),
            (Scenario::IdleTls, Metric::MemoryPerConnection, MAX_TLS_KIBIBYTES + 0.1),
            (Scenario::IdleEvents, Metric::MemoryPerConnection, MAX_EVENTS_KIBIBYTES + 0.1),
            (Scenario::IdleEvents, Metric::Lost, 1.0),
        ] {
            let mut dear = results(6.0, 1.01, 0.03, 0.0);
            for _ in 0..3 {
                dear.add(scenario, Server, Ok(Measurement::from([(metric, value)])));
            }
            assert!(check(&dear).is_err(), "{scenario:?}");
        }
    }

    #[test]
    fn what_was_not_measured_fails() {
        assert!(check(&Results::default()).is_err());
        let mut failed = results(6.0, 1.01, 0.03, 0.0);
        failed.add(Scenario::Paced, Server, Err(anyhow::anyhow!("it crashed")));
        assert!(check(&failed).is_err());
    }
}
