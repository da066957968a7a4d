//! This build of the server beside an earlier one, and that one beside itself.

use std::fmt::Write as _;

use super::candidate::Candidate::{Before, BeforeAgain, Server};
use super::results::Results;
use crate::measurement::Metric;

/// What a change of the server must not make worse.
const COMPARED: [Metric; 4] = [Metric::CpuPerDelivery, Metric::P50, Metric::P99, Metric::MemoryPerConnection];

/// For each scenario and metric the median and the range of the ratios, round by round.
pub(super) fn table(results: &Results) -> String {
    let mut table =
        "| scenario | metric | now / before | before, again / before |\n|---|---|---|---|\n".to_owned();
    for scenario in results.scenarios() {
        for metric in COMPARED {
            let cell = |candidate| cell(results.ratios(scenario, metric, candidate, Before));
            if let (Some(now), Some(noise)) = (cell(Server), cell(BeforeAgain)) {
                writeln!(table, "| {} | {} | {now} | {noise} |", scenario.name(), metric.head())
                    .expect("a String takes everything that is written to it");
            }
        }
    }
    table
}

/// `median (least to greatest)`; none without a measurement.
fn cell(mut ratios: Vec<f64>) -> Option<String> {
    ratios.sort_by(f64::total_cmp);
    let (least, greatest) = (ratios.first()?, ratios.last()?);
    let middle = ratios.len() / 2;
    let median = if ratios.len() % 2 == 1 {
        ratios[middle]
    } else {
        f64::midpoint(ratios[middle - 1], ratios[middle])
    };
    Some(format!("{median:.3} ({least:.3} to {greatest:.3})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::Measurement;
    use crate::scenario::Scenario;

    #[test]
    fn ratios_are_taken_round_by_round() {
        let mut results = Results::default();
        for (now, before, again) in [(2.0, 1.0, 1.0), (3.0, 2.0, 2.2), (9.0, 6.0, 5.4)] {
            for (candidate, value) in [(Server, now), (Before, before), (BeforeAgain, again)] {
                let run = Measurement::from([(Metric::CpuPerDelivery, value)]);
                results.add(Scenario::Paced, candidate, Ok(run));
            }
        }
        let table = table(&results);
        let row = "| paced | CPU µs a delivery | 1.500 (1.500 to 2.000) | 1.000 (0.900 to 1.100) |";
        assert!(table.contains(row), "{table}");
    }
}
