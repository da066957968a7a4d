//! Counts deliveries, their latencies, and messages that did not come.

use hdrhistogram::Histogram;

use crate::measurement::{Measurement, Metric};

/// The longest latency that is told apart: a minute, in µs.
const MAX_MICROS: u64 = 60_000_000;

pub(crate) struct Tally {
    pub(crate) delivered: u64,
    /// Numbers that were skipped.
    pub(crate) gaps: u64,
    /// Numbers that came again, or after a higher one.
    pub(crate) repeated: u64,
    /// Connections that the server ended.
    pub(crate) cut_off: u64,
    latencies: Histogram<u64>,
}

impl Tally {
    pub(crate) fn new() -> Self {
        let latencies = Histogram::new_with_bounds(1, MAX_MICROS, 3).expect("the bounds are in order");
        Self { delivered: 0, gaps: 0, repeated: 0, cut_off: 0, latencies }
    }

    /// Counts one delivery: the number that a follower expected, and the number that came. Returns
    /// the number that it expects next. 0 expects any.
    #[inline]
    pub(crate) fn count(&mut self, expected: u64, number: u64, latency_micros: u64) -> u64 {
        if number < expected {
            self.repeated += 1;
            return expected;
        }
        if expected != 0 {
            self.gaps += number - expected;
        }
        self.delivered += 1;
        self.latencies.saturating_record(latency_micros);
        number + 1
    }

    /// The longest latency; µs.
    pub(crate) fn slowest(&self) -> u64 {
        self.latencies.max()
    }

    /// Writes the latencies in ms, and the faults.
    pub(crate) fn write(&self, measurement: &mut Measurement, never_came: u64) {
        for (metric, quantile) in [(Metric::P50, 0.5), (Metric::P99, 0.99), (Metric::P999, 0.999)] {
            measurement.insert(metric, self.latencies.value_at_quantile(quantile) as f64 / 1000.0);
        }
        measurement.insert(Metric::Lost, (self.gaps + never_came) as f64);
        measurement.insert(Metric::Repeated, self.repeated as f64);
        measurement.insert(Metric::CutOff, self.cut_off as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_and_repetitions_are_told_apart() {
        let mut tally = Tally::new();
        let mut expected = 1;
        for number in [1, 2, 5, 4, 5, 6] {
            expected = tally.count(expected, number, 1000);
        }
        assert_eq!((tally.delivered, tally.gaps, tally.repeated, expected), (4, 2, 2, 7));
    }

    #[test]
    fn who_waits_for_any_misses_nothing_before_the_first() {
        let mut tally = Tally::new();
        assert_eq!(tally.count(0, 40, 1), 41);
        assert_eq!(tally.gaps, 0);
    }

    #[test]
    fn percentiles_are_in_milliseconds() {
        let mut tally = Tally::new();
        for number in 1..=1000 {
            tally.count(number, number, number * 1000);
        }
        let mut measurement = Measurement::new();
        tally.write(&mut measurement, 3);
        let p99 = measurement[&Metric::P99];
        assert!((985.0..=995.0).contains(&p99), "{p99}");
        assert!((measurement[&Metric::Lost] - 3.0).abs() < f64::EPSILON);
    }
}
