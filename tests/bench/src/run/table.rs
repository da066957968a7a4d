//! The results as Markdown tables.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::candidate::Candidate;
use super::results::Results;
use crate::measurement::{Measurement, Metric};

/// A table for each scenario. Numbers in brackets are multiples of the write loop's CPU time.
pub(super) fn markdown(results: &Results) -> String {
    let mut out = String::new();
    for scenario in results.scenarios() {
        let rows = results.of(scenario);
        let metrics: BTreeSet<Metric> = rows.iter().flat_map(|(_, row)| row.keys()).copied().collect();
        let heads: Vec<_> = metrics.iter().map(|metric| metric.head()).collect();
        let floor = results.value(scenario, Candidate::WriteLoop, Metric::CpuPerDelivery);
        let _ = writeln!(out, "**{}**\n\n| | {} |", scenario.title(), heads.join(" | "));
        let _ = writeln!(out, "|---|{}", "---|".repeat(heads.len()));
        for (candidate, row) in rows {
            let cells: Vec<_> = metrics.iter().map(|metric| cell(&row, *metric, floor)).collect();
            let _ = writeln!(out, "| {} | {} |", candidate.name(), cells.join(" | "));
        }
        out.push('\n');
    }
    out
}

fn cell(row: &Measurement, metric: Metric, floor: Option<f64>) -> String {
    let Some(value) = row.get(&metric) else { return "–".to_owned() };
    let number = number(metric, *value);
    match floor {
        Some(floor) if metric == Metric::CpuPerDelivery && floor > 0.0 => {
            format!("{number} ({:.2})", value / floor)
        }
        _ => number,
    }
}

/// A number with its significant digits.
pub(super) fn number(metric: Metric, value: f64) -> String {
    match metric {
        Metric::LoadBusy | Metric::OthersBusy => format!("{:.0} %", value * 100.0),
        Metric::CallsPerDelivery => format!("{value:.3}"),
        Metric::DeliveriesPerSecond if value >= 1e6 => format!("{:.2} M", value / 1e6),
        _ if value == 0.0 => "0".to_owned(),
        _ if value >= 100.0 => format!("{value:.0}"),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn a_table_shows_the_multiple_of_the_floor() {
        let mut results = Results::default();
        let run = |cpu| Ok(Measurement::from([(Metric::CpuPerDelivery, cpu), (Metric::Lost, 0.0)]));
        results.add(Scenario::Paced, Candidate::Server, run(7.7));
        results.add(Scenario::Paced, Candidate::WriteLoop, run(7.0));
        let table = markdown(&results);
        assert!(table.contains("| rtbroadcaster | 7.70 (1.10) | 0 |"), "{table}");
        assert!(table.contains("| write loop | 7.00 (1.00) | 0 |"), "{table}");
    }
}
