//! The ways of single actions: when each was sent, acknowledged and delivered.

use crate::measurement::{Measurement, Metric};

/// The moments of a room's actions, from the first that is watched on; µs. Followers of such a room
/// are one, or the first to have an action counts.
#[derive(Debug, Default)]
pub(super) struct Journeys {
    /// The number of the first one; none while nothing is watched.
    first: Option<u64>,
    sent: Vec<u64>,
    /// As many as are acknowledged: an acknowledgement stands for all before it.
    acknowledged: Vec<u64>,
    /// By number; none for what has not come.
    delivered: Vec<Option<u64>>,
}

impl Journeys {
    /// Watches the action of this number and all that follow.
    pub(super) fn watch(first: u64) -> Self {
        Self { first: Some(first), ..Self::default() }
    }

    pub(super) fn sent(&mut self, number: u64, now: u64) {
        if self.index(number).is_some() {
            self.sent.push(now);
            self.delivered.push(None);
        }
    }

    /// The owner knows now that all actions up to this one are taken.
    pub(super) fn acknowledged(&mut self, number: u64, now: u64) {
        if let Some(index) = self.index(number) {
            let count = (index + 1).min(self.sent.len()).max(self.acknowledged.len());
            self.acknowledged.resize(count, now);
        }
    }

    pub(super) fn delivered(&mut self, number: u64, now: u64) {
        if let Some(delivered) = self.index(number).and_then(|index| self.delivered.get_mut(index)) {
            delivered.get_or_insert(now);
        }
    }

    /// Writes how long acknowledgements took, and how long after them an action was delivered,
    /// which may be before; ms.
    pub(super) fn write(&self, measurement: &mut Measurement) {
        let acknowledged = self.acknowledged.iter();
        let acks = acknowledged.clone().zip(&self.sent).map(|(end, begin)| since(*end, *begin));
        let after = acknowledged.zip(&self.delivered);
        let after = after.filter_map(|(ack, delivered)| Some(since((*delivered)?, *ack)));
        for (times, p50, p99) in [
            (acks.collect(), Metric::AckP50, Metric::AckP99),
            (after.collect(), Metric::AfterAckP50, Metric::AfterAckP99),
        ] {
            let times = sorted(times);
            measurement.extend(quantile(&times, 0.5).map(|time| (p50, time)));
            measurement.extend(quantile(&times, 0.99).map(|time| (p99, time)));
        }
    }

    fn index(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first?)?).ok()
    }
}

/// From one moment in µs to another one, in ms.
fn since(end: u64, begin: u64) -> f64 {
    (end as f64 - begin as f64) / 1000.0
}

fn sorted(mut times: Vec<f64>) -> Vec<f64> {
    times.sort_by(f64::total_cmp);
    times
}

fn quantile(sorted: &[f64], quantile: f64) -> Option<f64> {
    sorted.get((sorted.len() as f64 * quantile) as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_stands_for_all_before_it() {
        let mut journeys = Journeys::watch(11);
        for number in 9..=13 {
            journeys.sent(number, number * 1_000);
        }
        journeys.acknowledged(12, 15_000);
        journeys.delivered(10, 1);
        journeys.delivered(11, 14_500);
        journeys.delivered(11, 99_000);
        journeys.acknowledged(99, 17_000);
        journeys.delivered(13, 17_250);
        assert_eq!(journeys.acknowledged, [15_000, 15_000, 17_000]);
        let mut measurement = Measurement::new();
        journeys.write(&mut measurement);
        assert_eq!(measurement[&Metric::AckP50], 4.0);
        assert_eq!(measurement[&Metric::AfterAckP50], 0.25);
    }

    #[test]
    fn what_comes_before_its_acknowledgement_counts_as_less_than_nothing() {
        let mut journeys = Journeys::watch(1);
        journeys.sent(1, 100);
        journeys.delivered(1, 500);
        journeys.acknowledged(1, 700);
        let mut measurement = Measurement::new();
        journeys.write(&mut measurement);
        assert_eq!(measurement[&Metric::AfterAckP50], -0.2);
    }

    #[test]
    fn nothing_is_kept_of_what_is_not_watched() {
        let mut journeys = Journeys::default();
        journeys.sent(1, 1);
        journeys.acknowledged(1, 2);
        assert!(journeys.sent.is_empty() && journeys.acknowledged.is_empty());
        let mut measurement = Measurement::new();
        journeys.write(&mut measurement);
        assert!(measurement.is_empty());
    }
}
