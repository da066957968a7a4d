//! Moments that latencies are computed from.

use std::time::Instant;

use crate::atomic_option::Word;

/// A moment in nanoseconds since the metrics were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    /// The present moment, counted from `origin`.
    pub(super) fn since(origin: Instant) -> Self {
        Self(u64::try_from(origin.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// Nanoseconds from `earlier` to this moment; 0 if `earlier` is later.
    pub(super) fn nanoseconds_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Word for Moment {
    fn to_word(self) -> u64 {
        self.0
    }

    fn from_word(word: u64) -> Self {
        Self(word)
    }
}
