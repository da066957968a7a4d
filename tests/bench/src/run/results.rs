//! All runs, by scenario and candidate.

use std::collections::BTreeMap;

use super::candidate::Candidate;
use crate::measurement::{Measurement, Metric, summary};
use crate::scenario::Scenario;

#[derive(Default)]
pub(super) struct Results {
    runs: BTreeMap<(Scenario, Candidate), Vec<Measurement>>,
    failures: Vec<String>,
}

impl Results {
    pub(super) fn add(
        &mut self,
        scenario: Scenario,
        candidate: Candidate,
        outcome: anyhow::Result<Measurement>,
    ) {
        match outcome {
            Ok(measurement) => self.runs.entry((scenario, candidate)).or_default().push(measurement),
            Err(error) => self.failures.push(format!("{}, {}: {error:#}", scenario.name(), candidate.name())),
        }
    }

    pub(super) fn failures(&self) -> &[String] {
        &self.failures
    }

    /// All turns.
    pub(super) fn runs(&self) -> impl Iterator<Item = &Measurement> {
        self.runs.values().flatten()
    }

    /// The scenarios that have results.
    pub(super) fn scenarios(&self) -> Vec<Scenario> {
        let mut scenarios: Vec<_> = self.runs.keys().map(|(scenario, _)| *scenario).collect();
        scenarios.dedup();
        scenarios
    }

    /// The summary of each candidate.
    pub(super) fn of(&self, scenario: Scenario) -> Vec<(Candidate, Measurement)> {
        let here = self.runs.iter().filter(|((other, _), _)| *other == scenario);
        here.map(|((_, candidate), runs)| (*candidate, summary(runs))).collect()
    }

    pub(super) fn value(&self, scenario: Scenario, candidate: Candidate, metric: Metric) -> Option<f64> {
        summary(self.runs.get(&(scenario, candidate))?).get(&metric).copied()
    }

    /// One candidate's number as a multiple of another's, round by round.
    pub(super) fn ratios(
        &self,
        scenario: Scenario,
        metric: Metric,
        candidate: Candidate,
        other: Candidate,
    ) -> Vec<f64> {
        let runs = |candidate| self.runs.get(&(scenario, candidate)).into_iter().flatten();
        runs(candidate)
            .zip(runs(other))
            .filter_map(|(run, other)| {
                Some(run.get(&metric)? / other.get(&metric).filter(|value| **value > 0.0)?)
            })
            .collect()
    }

    /// One candidate's number as a multiple of another's.
    pub(super) fn ratio(
        &self,
        scenario: Scenario,
        metric: Metric,
        candidate: Candidate,
        other: Candidate,
    ) -> Option<f64> {
        let (value, other) = (self.value(scenario, candidate, metric)?, self.value(scenario, other, metric)?);
        (other > 0.0).then(|| value / other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_one_of_medians() {
        let mut results = Results::default();
        for (ours, floor) in [(9.0, 6.0), (30.0, 7.0), (9.5, 8.0)] {
            let run = |value| Ok(Measurement::from([(Metric::CpuPerDelivery, value)]));
            results.add(Scenario::Paced, Candidate::Server, run(ours));
            results.add(Scenario::Paced, Candidate::WriteLoop, run(floor));
        }
        let ratio = |other| results.ratio(Scenario::Paced, Metric::CpuPerDelivery, Candidate::Server, other);
        assert_eq!(ratio(Candidate::WriteLoop), Some(9.5 / 7.0));
        assert_eq!(ratio(Candidate::Coalescing), None);
    }
}
