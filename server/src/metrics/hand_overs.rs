//! How often the right to write was passed on, and what became of requests for it.

use std::sync::atomic::{AtomicU64, Ordering};

use rtbroadcaster_protocol::HandOverCounts;

/// How often the right to write was passed on in all rooms, and what became of requests for it.
#[derive(Debug, Default)]
pub(crate) struct HandOvers {
    passes: AtomicU64,
    accepted: AtomicU64,
    refused: AtomicU64,
    unanswered: AtomicU64,
}

impl HandOvers {
    /// Adds what has happened in a room.
    pub(crate) fn add(&self, counts: &HandOverCounts) {
        for (sum, more) in [
            (&self.passes, counts.passes),
            (&self.accepted, counts.accepted),
            (&self.refused, counts.refused),
            (&self.unanswered, counts.unanswered),
        ] {
            sum.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// How often it was passed on.
    pub(crate) fn passes(&self) -> u64 {
        self.passes.load(Ordering::Relaxed)
    }

    /// How many requests ended in which way, by its name in the metrics.
    pub(crate) fn requests(&self) -> [(&'static str, u64); 3] {
        [("accepted", &self.accepted), ("refused", &self.refused), ("unanswered", &self.unanswered)]
            .map(|(outcome, count)| (outcome, count.load(Ordering::Relaxed)))
    }
}
