//! The input of a simulation of people: whether the owner shares the roster, and a list of steps.

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::prop_oneof;

/// What happens in a world of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeopleProgram {
    /// Whether followers may ask who is there.
    pub shares: bool,
    /// What happens, in order.
    pub steps: Vec<PeopleStep>,
}

/// One step. A number selects one of the pages, modulo their count; the owner's page is the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeopleStep {
    /// A page connects, if it isn't connected. Every third one has no name.
    Come(u8),
    /// A page's connection is cut.
    Cut(u8),
    /// A page connects again before the server notices that its former connection is gone.
    Overtake(u8),
    /// A page leaves the room, and comes later as somebody else.
    Leave(u8),
    /// A page asks who is there, and reads all pages of the roster.
    Ask(u8),
    /// So many come who leave at once.
    Crowd(u8),
    /// A page reads nothing from now on, or reads again.
    Deaf(u8, bool),
    /// Milliseconds pass.
    Wait(u16),
    /// Seconds pass.
    Idle(u8),
    /// The server ends and starts again, without what isn't stored. All pages come back.
    Restart,
}

/// Random programs.
pub(super) fn programs() -> impl Strategy<Value = PeopleProgram> {
    (any::<bool>(), vec(step(), 1..80)).prop_map(|(shares, steps)| PeopleProgram { shares, steps })
}

fn step() -> impl Strategy<Value = PeopleStep> {
    use PeopleStep::*;

    let page = any::<u8>;
    prop_oneof![
        12 => page().prop_map(Come),
        5 => page().prop_map(Cut),
        2 => page().prop_map(Overtake),
        2 => page().prop_map(Leave),
        3 => page().prop_map(Ask),
        2 => prop_oneof![0_u8..5, any::<u8>()].prop_map(Crowd),
        1 => (page(), any::<bool>()).prop_map(|(page, deaf)| Deaf(page, deaf)),
        8 => (0_u16..1_500).prop_map(Wait),
        2 => (0_u8..45).prop_map(Idle),
        1 => proptest::strategy::Just(Restart),
    ]
}
