//! Records that a room has staged and that its journal will never keep.

use crate::mutation::mutated;

/// How many ranges are told apart. Those who wait look soon after each loss.
const MAX_RANGES: usize = 16;

/// The numbers of lost records, in ranges.
#[derive(Debug, Default)]
pub(in crate::room) struct LostRecords {
    /// Each from behind the first number up to the second, in order.
    ranges: Vec<(u64, u64)>,
}

impl LostRecords {
    /// Adds those behind `kept` and up to `last`.
    pub(super) fn add(&mut self, kept: u64, last: u64) {
        // What was lost before may not have been started anew yet.
        let from = self.ranges.last().map_or(kept, |(_, last)| kept.max(*last));
        if from < last {
            self.ranges.push((from, last));
        }
        if self.ranges.len() > MAX_RANGES {
            // What lies between the two counts as lost too: to wait in vain would be worse.
            let (from, _) = self.ranges.remove(0);
            self.ranges[0].0 = from;
        }
    }

    /// Whether the record with this number is among them.
    pub(in crate::room) fn has(&self, number: u64) -> bool {
        !mutated!(LostCountsAsKept)
            && self.ranges.iter().any(|(from, last)| (from + 1..=*last).contains(&number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_not_kept_is_lost() {
        let mut lost = LostRecords::default();
        assert!(!lost.has(0));
        lost.add(3, 3);
        lost.add(3, 5);
        lost.add(3, 6);
        lost.add(9, 10);
        let numbers: Vec<_> = (0..=11).filter(|number| lost.has(*number)).collect();
        assert_eq!(numbers, [4, 5, 6, 10]);
    }

    #[test]
    fn many_losses_take_little_memory() {
        let mut lost = LostRecords::default();
        (1..=100).for_each(|number| lost.add(10 * number, 10 * number + 1));
        assert_eq!(lost.ranges.len(), MAX_RANGES);
        assert!(lost.has(11) && lost.has(1_001));
        assert!(!lost.has(1_000), "the newest are told apart");
    }
}
