//! What the server is to reach, each goal a ratio of medians within one run, and whether it does.

use std::fmt::Write;

use anyhow::{Context, bail};

use super::candidate::Candidate::{Bun, Coalescing, Server, WriteLoop};
use super::machine;
use super::results::Results;
use crate::measurement::Metric;
use crate::scenario::Scenario;

/// What was found, and whether it is good enough; neither where it was not measured.
struct Verdict {
    goal: &'static str,
    wanted: &'static str,
    measured: Option<(f64, bool)>,
}

/// The goals as a table, line by line.
pub(super) fn markdown(results: &Results) -> String {
    let mut out = "| goal | wanted | measured | |\n|---|---|---|---|\n".to_owned();
    for Verdict { goal, wanted, measured } in verdicts(results) {
        let (value, met) = match measured {
            Some((value, true)) => (format!("{value:.3}"), "met"),
            Some((value, false)) => (format!("{value:.3}"), "**not met**"),
            None => ("–".to_owned(), "not measured"),
        };
        let _ = writeln!(out, "| {goal} | {wanted} | {value} | {met} |");
    }
    out
}

/// What CI holds: the same ratios, with room for machines that do other things besides.
pub(super) fn check(results: &Results) -> anyhow::Result<()> {
    const MAX_CPU: f64 = 2.5;
    const MAX_CALLS: f64 = 1.1;
    if let Some(failure) = results.failures().first() {
        bail!("{failure}");
    }
    let cpu = results.ratio(Scenario::Paced, Metric::CpuPerDelivery, Server, WriteLoop);
    let cpu = cpu.context("nothing was measured")?;
    println!("paced: {cpu:.2} × the CPU time of the write loop (at most {MAX_CPU})");
    if cpu > MAX_CPU {
        bail!("a delivery costs {cpu:.2} × what a bare write does, and may cost {MAX_CPU} ×");
    }
    match results.value(Scenario::PacedCalls, Server, Metric::CallsPerDelivery) {
        Some(calls) if calls > MAX_CALLS => {
            bail!("a delivery takes {calls:.3} system calls, and may take {MAX_CALLS}")
        }
        Some(calls) => println!("paced: {calls:.3} system calls a delivery (at most {MAX_CALLS})"),
        None => println!("paced: system calls were not counted: neither perf nor strace works here"),
    }
    let lost: f64 = [Metric::Lost, Metric::Repeated, Metric::CutOff]
        .iter()
        .filter_map(|metric| results.value(Scenario::Paced, Server, *metric))
        .sum();
    if lost > 0.0 {
        bail!("{lost} deliveries were lost or repeated, or followers cut off");
    }
    Ok(())
}

fn verdicts(results: &Results) -> Vec<Verdict> {
    use Metric::{
        Behind, CallsPerDelivery, CpuPerDelivery, CpuPerJoin, CutOff, DeliveriesPerSecond, JoinMax, JoinP50,
        Lost, MemoryGrowth, MemoryPerConnection, P50, P99, TimeToLast,
    };
    let at_most = |value: Option<f64>, limit| value.map(|value| (value, value <= limit));
    let at_least = |value: Option<f64>, limit| value.map(|value| (value, value >= limit));
    let ours = |scenario, metric| results.value(scenario, Server, metric);
    let against_writes = |scenario, metric| results.ratio(scenario, metric, Server, WriteLoop);
    let verdict = |goal, wanted, measured| Verdict { goal, wanted, measured };
    let p99 = |with: Scenario, without: Scenario| Some(ours(with, P99)? / ours(without, P99)?);
    let grown =
        |with: Scenario, without: Scenario| Some(ours(with, MemoryGrowth)? - ours(without, MemoryGrowth)?);
    // Where fewer cores are free a room cannot be spread over them.
    let spread = machine::cores().is_ok_and(|cores| cores >= 4);
    let last = against_writes(Scenario::Idle, TimeToLast);
    vec![
        verdict(
            "paced, 1,000 × 50/s: CPU a delivery against the write loop",
            "≤ 1.12 (≤ 0.92 with io_uring)",
            at_most(against_writes(Scenario::Paced, CpuPerDelivery), 1.12),
        ),
        verdict("the same: p50", "≤ 1.05", at_most(against_writes(Scenario::Paced, P50), 1.05)),
        verdict("the same: p99", "≤ 1.10", at_most(against_writes(Scenario::Paced, P99), 1.10)),
        verdict(
            "system calls a delivery, paced",
            "≤ 1.01",
            at_most(ours(Scenario::PacedCalls, CallsPerDelivery), 1.01),
        ),
        verdict(
            "system calls a delivery, busy",
            "≤ 0.04",
            at_most(ours(Scenario::BusyCalls, CallsPerDelivery), 0.04),
        ),
        verdict(
            "500 rooms × 4 × 10/s: CPU a delivery against the write loop",
            "≤ 1.25",
            at_most(against_writes(Scenario::Rooms, CpuPerDelivery), 1.25),
        ),
        verdict(
            "saturated, 1,000 followers, 64 on the way: deliveries/s against the coalescing floor",
            "≥ 0.95",
            at_least(results.ratio(Scenario::Saturated, DeliveriesPerSecond, Server, Coalescing), 0.95),
        ),
        verdict("unthrottled owner: lost", "0", at_most(ours(Scenario::Unthrottled, Lost), 0.0)),
        verdict("the same: cut off", "0", at_most(ours(Scenario::Unthrottled, CutOff), 0.0)),
        verdict(
            "the same: deliveries/s against Bun",
            "≥ 1.25",
            at_least(results.ratio(Scenario::Unthrottled, DeliveriesPerSecond, Server, Bun), 1.25),
        ),
        verdict(
            "10,000 idle followers: KiB a connection",
            "≤ 1.5",
            at_most(ours(Scenario::Idle, MemoryPerConnection), 1.5),
        ),
        verdict(
            "a message to those: time to the last against the write loop",
            if spread { "≤ 0.80" } else { "≤ 0.80 with 4 cores; here only told" },
            if spread { at_most(last, 0.80) } else { at_most(last, f64::INFINITY) },
        ),
        verdict(
            "late join with 1,000 slots: time to the last against the write loop",
            "≤ 1.2",
            at_most(against_writes(Scenario::LateJoin, JoinP50), 1.2),
        ),
        verdict(
            "storm of 2,000 joins: CPU a join against the write loop (the original: 7.1)",
            "≤ 2.84, which is 0.40 × the original",
            at_most(against_writes(Scenario::Storm, CpuPerJoin), 2.84),
        ),
        verdict(
            "the same: longest join, ms (a retransmission takes 1,000)",
            "< 1,000",
            at_most(ours(Scenario::Storm, JoinMax), 999.0),
        ),
        verdict(
            "2 of 20 stalled, 2,000/s: lost by the others",
            "0",
            at_most(ours(Scenario::FewStalled, Lost), 0.0),
        ),
        verdict(
            "the same: p99 of the others against without",
            "≤ 1.2",
            at_most(p99(Scenario::FewStalled, Scenario::Few), 1.2),
        ),
        verdict(
            "the same: MiB grown more than without (the ring has 4)",
            "≤ 4",
            at_most(grown(Scenario::FewStalled, Scenario::Few), 4.0),
        ),
        verdict(
            "the same: stalled ones that did not come back",
            "0",
            at_most(ours(Scenario::FewStalled, Behind), 0.0),
        ),
        verdict(
            "300 of 1,000 stalled: lost by the others",
            "0",
            at_most(ours(Scenario::ManyStalled, Lost), 0.0),
        ),
        verdict(
            "the same: p99 of the others against without",
            "≤ 1.2",
            at_most(p99(Scenario::ManyStalled, Scenario::Many), 1.2),
        ),
        verdict(
            "the same: MiB grown more than without",
            "≤ 4",
            at_most(grown(Scenario::ManyStalled, Scenario::Many), 4.0),
        ),
    ]
}
