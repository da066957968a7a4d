//! The input of a simulation of lanes: whether the room has lanes, and a list of steps.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;

/// What happens in a world of lanes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanesProgram {
    /// Whether the owner opens lanes.
    pub has_lanes: bool,
    /// What happens, in order.
    pub steps: Vec<LanesStep>,
}

/// One step. A number selects one of the pages, modulo their count; the owner's page is the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LanesStep {
    /// A page connects, if it isn't connected.
    Come(u8),
    /// A page's connection is cut.
    Cut(u8),
    /// A follower votes.
    Vote(u8, u8),
    /// A vote of a follower comes late, on a connection that it has lost.
    OldVote(u8, u8),
    /// A follower reacts.
    React(u8),
    /// A follower says so many values at once.
    Say(u8, u8),
    /// The owner sets the lane of the votes anew.
    SetAnew,
    /// The owner broadcasts an action.
    Act,
    /// The journal keeps what was staged.
    Keep,
    /// The room stages a checkpoint.
    Checkpoint,
    /// Milliseconds pass.
    Wait(u16),
    /// The server ends and starts again with what its journal has kept. All pages come back.
    Restart,
}

impl LanesStep {
    pub(super) fn is_vote(&self) -> bool {
        matches!(self, Self::Vote(..) | Self::OldVote(..))
    }

    /// Whether it is a flood on lanes, which must not change what else happens.
    pub(super) fn is_flood(&self) -> bool {
        matches!(self, Self::React(_) | Self::Say(..))
    }
}

/// Random programs.
pub(super) fn programs() -> impl Strategy<Value = LanesProgram> {
    // Few rooms have none.
    (0_u8..8, vec(step(), 1..80)).prop_map(|(lanes, steps)| LanesProgram { has_lanes: lanes > 0, steps })
}

fn step() -> impl Strategy<Value = LanesStep> {
    use LanesStep::*;

    let page = any::<u8>;
    prop_oneof![
        8 => page().prop_map(Come),
        3 => page().prop_map(Cut),
        10 => (page(), any::<u8>()).prop_map(|(page, option)| Vote(page, option)),
        2 => (page(), any::<u8>()).prop_map(|(page, option)| OldVote(page, option)),
        5 => page().prop_map(React),
        3 => (page(), 1_u8..20).prop_map(|(page, times)| Say(page, times)),
        1 => Just(SetAnew),
        3 => Just(Act),
        6 => Just(Keep),
        1 => Just(Checkpoint),
        8 => (0_u16..1_500).prop_map(Wait),
        1 => Just(Restart),
    ]
}
