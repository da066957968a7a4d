//! Rooms with a short code: the table gives new rooms one, and finds rooms by theirs.

use std::net::IpAddr;

use rtbroadcaster_protocol::{Delay, Refusal, RefusalCode, Room, RoomCode, RoomId, Timestamp};

use super::RoomTable;
use super::codes::ReservedCode;
use crate::metrics::CodeLookup;

impl RoomTable {
    /// Gives a new room a code: the reserved one, if other servers have the same rooms.
    ///
    /// # Errors
    /// - `too_many_rooms`: almost all codes are taken.
    /// - `unavailable`: no code is reserved, but must be.
    pub(super) fn give_code(&self, room: Room, reserved: Option<ReservedCode>) -> Result<Room, Refusal> {
        let code = match reserved {
            Some(ReservedCode { code, .. }) => {
                #[cfg(feature = "cluster")]
                self.codes.restore(code, room.id());
                code
            }
            None if self.is_shared() => return Err(RefusalCode::Unavailable.into()),
            None => self.codes.draw(room.id(), self.clock.now()).ok_or(RefusalCode::TooManyRooms)?,
        };
        Ok(room.with_code(code))
    }

    /// A code that may be any room's.
    #[cfg(feature = "cluster")]
    pub(crate) fn any_code(&self) -> RoomCode {
        self.codes.any()
    }

    /// Knows the code of a room that its journal has kept.
    #[cfg(feature = "store")]
    pub(super) fn restore_code(&self, room: &Room) {
        if let Some(code) = room.code() {
            self.codes.restore(code, room.id());
        }
    }

    /// Forgets the code of a room that has ended, or that was never opened.
    pub(super) fn end_code(&self, code: Option<RoomCode>, room: RoomId) {
        let Some(code) = code else { return };
        #[cfg(feature = "cluster")]
        if self.is_shared() {
            return self.codes.forget(code, room);
        }
        let _ = room;
        self.codes.end(code, self.clock.now());
    }

    /// The room that a code stands for, for the application. Of rooms that other servers have too,
    /// only those that are here are found.
    pub(crate) fn find_code(&self, code: RoomCode) -> Option<RoomId> {
        self.codes.find(code).filter(|room| self.find(*room).is_some())
    }

    /// The room that a code stands for, for a client. `remote` is its address, if it is known.
    ///
    /// # Errors
    /// `rate_limited`: this address, or all together, asked for too many unknown codes.
    pub(crate) fn look_up_code(
        &self,
        code: RoomCode,
        remote: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Option<RoomId>, Refusal> {
        let found = self.codes.look_up(code, remote, now);
        self.note_code_lookup(match found {
            Ok(Some(_)) => CodeLookup::Found,
            Ok(None) => CodeLookup::Unknown,
            Err(_) => CodeLookup::RateLimited,
        });
        found.map_err(rate_limited)
    }

    /// Checks whether a client may ask for a code.
    ///
    /// # Errors
    /// `rate_limited`, as for [`RoomTable::look_up_code`].
    #[cfg(feature = "cluster")]
    pub(crate) fn may_guess_code(&self, remote: Option<IpAddr>) -> Result<(), Refusal> {
        self.codes.may_guess(remote, self.clock.now()).map_err(rate_limited)
    }

    /// Notes that a client has asked for a code that stands for no room.
    #[cfg(feature = "cluster")]
    pub(crate) fn note_missed_code(&self, code: RoomCode, remote: Option<IpAddr>) {
        self.codes.note_miss(code, remote, self.clock.now());
    }

    /// Counts what became of asking for a code.
    pub(crate) fn note_code_lookup(&self, outcome: CodeLookup) {
        self.metrics.code_looked_up(outcome);
    }
}

fn rate_limited(wait: Delay) -> Refusal {
    Refusal::until_later(RefusalCode::RateLimited, wait.milliseconds())
}
