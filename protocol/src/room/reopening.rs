//! A room that is opened anew, in the place of one that the server has lost.

use super::log::Log;
use super::{KeyDigest, Room, RoomId};
use crate::{Claim, Limits};

impl Room {
    /// A new room in the place of one with the same id that was lost with its server's memory. It
    /// is empty. The session that claims it goes on where it was: actions that it has an answer
    /// for are not taken again.
    ///
    /// `end` is a number above all seqs and epochs that the lost room had. The first action of this
    /// one gets the next seq, so that a follower of the lost room can't take it for one that it
    /// has. Such a follower is resynced.
    ///
    /// The caller then has the owner [claim](Room::claim) the room.
    #[must_use]
    pub fn reopened(id: RoomId, key: KeyDigest, claim: &Claim<'_>, end: u64, limits: Limits) -> Self {
        let mut room = Self::new(id, key, None, limits);
        room.compact = Log::new(end, &room.limits);
        room.lag_checked_at = end;
        room.owner.succeed(end, claim);
        room
    }
}
