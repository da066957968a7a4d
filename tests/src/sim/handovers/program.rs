//! The input of a simulation of hand-overs: a room, and a list of steps.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;

/// What happens in a world of hand-overs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOverProgram {
    /// How many actions the room's ring holds.
    pub ring_actions: u8,
    /// Whether the journal keeps at once what the room stages.
    pub is_kept_at_once: bool,
    /// Whether the creator has invited both guests before the first step.
    pub has_guests: bool,
    /// What happens, in order.
    pub steps: Vec<HandOverStep>,
}

/// One step. A number selects one of the pages, modulo their count; the creator's page is the
/// first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandOverStep {
    /// A page broadcasts that drives as far as it knows: the first one from this page on.
    Act(u8),
    /// Such a page hands over to the seat of another one.
    Drive(u8, u8),
    /// The creator invites a guest, for ever or for some seconds.
    Invite(u8, Option<u8>),
    /// A page asks for the right to write.
    Request(u8),
    /// The creator or a page that drives refuses the request of another one.
    Refuse(u8, u8),
    /// The creator revokes the key of a page.
    Revoke(u8),
    /// The creator takes the pen back.
    TakeBack,
    /// A page that isn't the creator's tries what only the creator may.
    Manage(u8, u8),
    /// A page connects, if it isn't connected. From now on it comes back by itself.
    Come(u8),
    /// A page loses its connection, and doesn't come back by itself.
    Cut(u8),
    /// A page loses its connection, and comes back before the server notices.
    Overtake(u8),
    /// The server hears so many messages of a connection whose page has gone on, and then its end.
    Former(u8),
    /// What is sent to a page and by it waits from now on, or no longer.
    Slow(u8, bool),
    /// So many of the messages arrive that wait: first the page's, then the server's.
    Deliver(u8, u8, u8),
    /// A page is loaded anew.
    Reload(u8),
    /// A page that drives leaves the room, or another one.
    Leave(u8),
    /// The journal keeps what was staged.
    Commit,
    /// The room stages a checkpoint.
    Checkpoint,
    /// The server is killed, and starts with what its journal has kept.
    Restart,
    /// Milliseconds pass.
    Wait(u16),
    /// Seconds pass.
    Idle(u8),
}

/// Random programs.
pub(super) fn programs() -> impl Strategy<Value = HandOverProgram> {
    let room = (8_u8..64, any::<bool>(), any::<bool>());
    (room, vec(step(), 1..90)).prop_map(|((ring_actions, is_kept_at_once, has_guests), steps)| {
        HandOverProgram { ring_actions, is_kept_at_once, has_guests, steps }
    })
}

fn step() -> impl Strategy<Value = HandOverStep> {
    use HandOverStep::*;

    let page = || 0_u8..8;
    prop_oneof![
        14 => page().prop_map(Act),
        12 => (page(), page()).prop_map(|(page, to)| Drive(page, to)),
        6 => (1_u8..3, proptest::option::weighted(0.3, 1_u8..30)).prop_map(|(guest, expires)| {
            Invite(guest, expires)
        }),
        5 => page().prop_map(Request),
        3 => (page(), page()).prop_map(|(page, of)| Refuse(page, of)),
        2 => page().prop_map(Revoke),
        3 => Just(TakeBack),
        2 => (page(), 0_u8..3).prop_map(|(page, what)| Manage(page, what)),
        6 => page().prop_map(Come),
        4 => page().prop_map(Cut),
        // The page that knows no seats takes the pen whenever it comes.
        2 => any::<bool>().prop_map(|comes| if comes { Come(6) } else { Cut(6) }),
        4 => page().prop_map(Overtake),
        3 => (0_u8..4).prop_map(Former),
        3 => (page(), any::<bool>()).prop_map(|(page, is_slow)| Slow(page, is_slow)),
        8 => (page(), 0_u8..4, 0_u8..8).prop_map(|(page, up, down)| Deliver(page, up, down)),
        3 => page().prop_map(Reload),
        1 => page().prop_map(Leave),
        8 => Just(Commit),
        1 => Just(Checkpoint),
        1 => Just(Restart),
        5 => (0_u16..3_000).prop_map(Wait),
        2 => (1_u8..70).prop_map(Idle),
    ]
}
