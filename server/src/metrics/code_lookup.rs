//! What became of asking for the room of a code.

/// What became of asking for the room of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeLookup {
    /// The code stands for a room.
    Found,
    /// It stands for none.
    Unknown,
    /// Too many were asked for that stand for none.
    RateLimited,
    /// The cluster didn't answer.
    Unavailable,
}

impl CodeLookup {
    pub(crate) const ALL: [Self; 4] = [Self::Found, Self::Unknown, Self::RateLimited, Self::Unavailable];

    /// Its name in the metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Unknown => "unknown",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
        }
    }
}
