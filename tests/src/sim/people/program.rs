//! The input of a simulation of people: whether the owner shares the roster, and a list of steps.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;

/// What happens in a world of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeopleProgram {
    /// Whether followers may ask who is there.
    pub shares: bool,
    /// How many servers have the room.
    pub servers: usize,
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
    /// All servers end and start again, without what isn't stored. All pages come back.
    Restart,
    /// A page goes on at another server.
    Move(u8, u8),
    /// A server is killed and starts again. Its pages come back at the next one.
    Kill(u8),
    /// What a server and the others say to each other is lost from now on, or arrives again.
    Separate(u8, bool),
}

/// Random programs.
pub(super) fn programs() -> impl Strategy<Value = PeopleProgram> {
    let servers = prop_oneof![Just(1_usize), 2..4_usize];
    (any::<bool>(), servers, vec(step(), 1..80)).prop_map(|(shares, servers, steps)| PeopleProgram {
        shares,
        servers,
        steps,
    })
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
        1 => Just(Restart),
        3 => (page(), any::<u8>()).prop_map(|(page, server)| Move(page, server)),
        1 => any::<u8>().prop_map(Kill),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(server, is_apart)| Separate(server, is_apart)),
    ]
}
