//! Rooms with a short code: the table gives new rooms one, and finds rooms by theirs.

use std::net::IpAddr;

use rtbroadcaster_protocol::{Refusal, RefusalCode, Room, RoomCode, RoomId, Timestamp};

use super::RoomTable;
use crate::metrics::CodeLookup;

/// What an owner is told who wants a code where other servers would not know it.
const NOT_IN_A_CLUSTER: &str =
    "the servers of a cluster give out no short codes: create the room without `code` and share its uuid";

impl RoomTable {
    /// Gives a new room a code.
    ///
    /// # Errors
    /// - `forbidden`: this server is a node of a cluster, whose other nodes would not know the
    ///   code.
    /// - `too_many_rooms`: almost all codes are taken.
    pub(super) fn give_code(&self, room: Room) -> Result<Room, Refusal> {
        if self.is_shared() {
            return Err(Refusal::with_message(RefusalCode::Forbidden, NOT_IN_A_CLUSTER));
        }
        let code = self.codes.draw(room.id(), self.clock.now());
        Ok(room.with_code(code.ok_or(RefusalCode::TooManyRooms)?))
    }

    /// Knows the code of a room that its journal has kept.
    #[cfg(feature = "store")]
    pub(super) fn restore_code(&self, room: &Room) {
        if let Some(code) = room.code() {
            self.codes.restore(code, room.id());
        }
    }

    /// Forgets the code of a room that has ended, or that was never opened.
    pub(super) fn end_code(&self, code: Option<RoomCode>) {
        if let Some(code) = code {
            self.codes.end(code, self.clock.now());
        }
    }

    /// The room that a code stands for, for the application.
    pub(crate) fn find_code(&self, code: RoomCode) -> Option<RoomId> {
        self.codes.find(code)
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
        self.metrics.code_looked_up(match found {
            Ok(Some(_)) => CodeLookup::Found,
            Ok(None) => CodeLookup::Unknown,
            Err(_) => CodeLookup::RateLimited,
        });
        found.map_err(|wait| Refusal::until_later(RefusalCode::RateLimited, wait.milliseconds()))
    }
}
