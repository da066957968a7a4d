//! The claim by which a connection owns its room, which another server's may come before.

use super::host::with;
use crate::mutation::mutated;
use crate::{CloseCode, Host, Mark, Room, RoomId, Timestamp};

/// The claim by which a connection owns its room.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeldClaim {
    epoch: u64,
    /// How far the room's records went with it. None once they are kept.
    unkept: Option<Mark>,
    /// How far they went when this connection changed the room last.
    last: Option<Mark>,
    /// Which news of the room's recording this connection was told last.
    pub(super) told_recording: u64,
    /// The seat whose turn it is.
    pub(super) seat: u32,
    /// Which requests for the right to write this connection was told.
    pub(super) told_requests: u64,
}

impl HeldClaim {
    /// The claim that this connection has just made for this seat, and that is in force.
    pub(super) fn of(room: &Room, seat: u32) -> Self {
        let (epoch, unkept) = (room.epoch(), room.unkept_mark());
        Self { epoch, unkept, last: None, told_recording: 0, seat, told_requests: 0 }
    }

    /// The epoch that it started.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether another server's change came before the claim. Its epoch is another claim's then.
    fn is_lost(&self, room: &Room) -> bool {
        self.unkept.is_some_and(|mark| room.is_lost(mark))
    }

    /// Whether something is lost that this connection has done. The client doesn't know yet, and
    /// what it does next must not come without that.
    fn has_lost(&self, room: &Room) -> bool {
        self.is_lost(room) || self.last.is_some_and(|mark| room.is_lost(mark))
    }

    /// Notes what the room's journal has kept.
    pub(super) fn note_kept(&mut self, room: &Room) {
        let is_open = |mark: &Mark| !room.is_kept(*mark);
        (self.unkept, self.last) = (self.unkept.filter(is_open), self.last.filter(is_open));
    }

    /// Does something as the owner of a room that may be closed or gone.
    ///
    /// # Errors
    /// `NotNow` if something is lost that this connection has done, and those of
    /// [`Room::as_owner`]. A room that is gone counts as closed.
    pub(super) fn act<R>(
        &mut self,
        host: &mut impl Host,
        room: RoomId,
        act: impl FnOnce(&mut Room) -> R,
    ) -> Result<R, CloseCode> {
        let done = with(host, room, |room| {
            if self.has_lost(room) && !mutated!(ActAfterLoss) {
                return Err(CloseCode::NotNow);
            }
            let before = room.mark();
            let done = room.as_owner(self.epoch, act);
            let after = room.mark();
            if after != before {
                self.last = Some(after);
            }
            done
        });
        done.unwrap_or(Err(CloseCode::RoomClosed))
    }

    /// Notes that the connection is gone.
    pub(super) fn leave(self, host: &mut impl Host, room: RoomId, now: Timestamp) {
        with(host, room, |room| {
            let is_in_log = !self.is_lost(room) || room.has_seen_too_late(self.epoch);
            if is_in_log || mutated!(LeaveUnderLostClaim) {
                room.owner_left(self.epoch, now);
            }
        });
    }
}
