//! How often the right to write was passed on, and what became of requests for it.

/// How often the right to write was passed on, and what became of requests for it, since the caller
/// took that last.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct HandOverCounts {
    /// Turns that began.
    pub passes: u64,
    /// Requests that were granted.
    pub accepted: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Requests that nobody answered in time.
    pub unanswered: u64,
}

impl HandOverCounts {
    /// Whether there is anything to count.
    #[must_use]
    pub fn has_any(&self) -> bool {
        *self != Self::default()
    }
}
