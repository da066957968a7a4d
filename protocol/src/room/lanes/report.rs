//! What an operator, or a test, wants to know about a lane.

use super::Lanes;
use super::lane::Tally;

/// A lane in numbers, since it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneReport {
    /// Its name.
    pub name: String,
    /// How many messages came that can count there.
    pub tried: u64,
    /// How many of them don't count.
    pub dropped: u64,
    /// By symbol or by option; for values, how many the owner was told or will be.
    pub counts: Vec<u64>,
    /// How many have voted there.
    pub voters: usize,
}

impl Lanes {
    /// The lanes in numbers.
    #[must_use]
    pub fn report(&self) -> Vec<LaneReport> {
        let report = |lane: &super::lane::OpenLane| {
            let (counts, voters) = match &lane.tally {
                Tally::Said(count) => (vec![*count], 0),
                Tally::Counts(counts) => (counts.clone(), 0),
                Tally::Votes(votes) => (votes.counts.clone(), votes.voters()),
            };
            LaneReport { name: lane.name.clone(), tried: lane.tried, dropped: lane.dropped, counts, voters }
        };
        self.open().iter().map(report).collect()
    }
}
