//! What became of asking who is there.

use rtbroadcaster_protocol::{Refusal, RefusalCode};

/// What became of asking who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RosterAsked {
    /// It was told.
    Told,
    /// The owner doesn't show its followers who is there, or the server can't tell.
    Forbidden,
    /// The client asked too often.
    RateLimited,
    /// It was refused for another reason.
    Other,
}

impl RosterAsked {
    pub(crate) const ALL: [Self; 4] = [Self::Told, Self::Forbidden, Self::RateLimited, Self::Other];

    /// What became of it, by how it was refused, if it was.
    pub(crate) fn of(refused: Option<&Refusal>) -> Self {
        match refused.map(Refusal::known_code) {
            None => Self::Told,
            Some(Some(RefusalCode::Forbidden)) => Self::Forbidden,
            Some(Some(RefusalCode::RateLimited)) => Self::RateLimited,
            Some(_) => Self::Other,
        }
    }

    /// Its name in the metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Forbidden => "forbidden",
            Self::RateLimited => "rate_limited",
            Self::Other => "other",
        }
    }
}
