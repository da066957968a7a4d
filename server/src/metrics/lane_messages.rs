//! What became of messages on lanes.

use rtbroadcaster_protocol::{LaneOutcome, LaneWord};

/// What became of a message on a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LaneMessages {
    kind: usize,
    outcome: usize,
}

const KINDS: [&str; 3] = ["say", "react", "vote"];
const OUTCOMES: [&str; 4] = ["taken", "too_soon", "dropped", "refused"];

impl LaneMessages {
    /// How many kinds of messages and outcomes there are together.
    pub(crate) const COUNT: usize = KINDS.len() * OUTCOMES.len();

    pub(crate) fn of(word: &LaneWord<'_>, outcome: &LaneOutcome) -> Self {
        let kind = match word {
            LaneWord::Say(_) => 0,
            LaneWord::React(_) => 1,
            LaneWord::Vote { .. } => 2,
        };
        let outcome = match outcome {
            LaneOutcome::Taken | LaneOutcome::Voted { .. } => 0,
            LaneOutcome::TooSoon { .. } => 1,
            LaneOutcome::Dropped => 2,
            LaneOutcome::Refused(_) => 3,
        };
        Self { kind, outcome }
    }

    /// Its place among all.
    pub(super) fn index(self) -> usize {
        self.kind * OUTCOMES.len() + self.outcome
    }

    /// The kind and the outcome of each, in the order of their places.
    pub(crate) fn labels() -> impl Iterator<Item = (&'static str, &'static str)> {
        KINDS.into_iter().flat_map(|kind| OUTCOMES.map(|outcome| (kind, outcome)))
    }
}
