//! What a following connection has to do with the members of its room.

use crate::Timestamp;

/// What a following connection has to do with the members of its room. Most have nothing to do with
/// them.
#[derive(Debug, Default)]
pub(in crate::peer) struct MemberPart {
    /// The seat by which it has entered, or that its request has. None if that is over.
    pub(in crate::peer) seat: Option<u32>,
    /// What it holds of that seat: see [`Room::seat_state`](crate::Room::seat_state). None if it
    /// has not entered by it.
    pub(super) entry: Option<u64>,
    /// The number of its request, if that waits.
    pub(super) request: Option<u64>,
    /// When it asked last.
    pub(super) asked_at: Option<Timestamp>,
    /// Which requests of others it was told, if it is the creator's.
    pub(super) told_requests: u64,
}
