//! The input of a simulation of moments: a list of steps.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Strategy, any};
use proptest::prop_oneof;

/// One step. A number selects one of the pages, modulo their count; the owner's page is one of
/// them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MomentStep {
    /// The owner broadcasts an action that runs so many milliseconds from now. None: on arrival.
    Act(Option<i16>),
    /// The owner writes a slot, as above.
    Write(u8, Option<i16>),
    /// The owner clears a slot.
    Clear(u8),
    /// Milliseconds pass.
    Wait(u16),
    /// Seconds pass.
    Idle(u8),
    /// A page's frames travel so long, there and back, and up to so much longer.
    Network(u8, u8, u8, u16),
    /// A page sleeps for so many milliseconds: its clock stands still. Then it is told that it has.
    Sleep(u8, u16),
    /// A page's clock jumps ahead by so many milliseconds, and nobody notices.
    Jump(u8, u8),
    /// A page's connection is cut.
    Cut(u8),
    /// A follower comes. It asks for the server's time from the start, or not.
    Join(bool),
    /// A follower leaves.
    Leave(u8),
    /// The server tells its time, or doesn't.
    Tell(bool),
    /// The owner closes the room.
    Close,
}

/// Random steps.
pub(super) fn steps() -> impl Strategy<Value = Vec<MomentStep>> {
    vec(step(), 1..80)
}

fn step() -> impl Strategy<Value = MomentStep> {
    use MomentStep::*;

    let page = any::<u8>;
    let ahead = || option::weighted(0.6, prop_oneof![3 => 0_i16..1_500, 1 => -3_000_i16..9_500]);
    prop_oneof![
        12 => ahead().prop_map(Act),
        8 => (0_u8..4, ahead()).prop_map(|(slot, ahead)| Write(slot, ahead)),
        2 => (0_u8..4).prop_map(Clear),
        12 => (0_u16..100).prop_map(Wait),
        6 => (100_u16..3_000).prop_map(Wait),
        3 => any::<u8>().prop_map(Idle),
        6 => (page(), any::<u8>(), any::<u8>(), prop_oneof![3 => 0_u16..3, 1 => 0_u16..300])
            .prop_map(|(page, there, back, jitter)| Network(page, there, back, jitter)),
        3 => (page(), any::<u16>()).prop_map(|(page, pause)| Sleep(page, pause)),
        1 => (page(), any::<u8>()).prop_map(|(page, jump)| Jump(page, jump)),
        2 => page().prop_map(Cut),
        4 => any::<bool>().prop_map(Join),
        1 => page().prop_map(Leave),
        1 => any::<bool>().prop_map(Tell),
    ]
}
