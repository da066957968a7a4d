//! What becomes of what a follower says on a lane.

use crate::Refusal;

/// What became of a message on a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneOutcome {
    /// It counts, or will be told.
    Taken,
    /// It is a vote. Its answer waits until the journal has kept this batch of votes.
    Voted {
        /// The batch.
        batch: u64,
        /// The option that counts for the voter.
        option: u64,
        /// The number of the vote that counts for the voter.
        number: u64,
    },
    /// It came too soon after the one before. It doesn't count.
    TooSoon {
        /// In how many milliseconds the next one counts.
        wait_ms: u64,
    },
    /// There was no place for it. It doesn't count, and nobody is told.
    Dropped,
    /// It can't count.
    Refused(Refusal),
}
