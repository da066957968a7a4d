//! The memory that all rooms share.

use rtbroadcaster_protocol::{Refusal, RefusalCode, Room};
use tracing::warn;

use super::RoomTable;

/// Why a room can't be opened although the table isn't full.
const NO_MEMORY: &str = "the server has no memory left for more rooms: try again later";

impl RoomTable {
    /// Checks whether there is memory for one more room. No room is closed to free some, not even a
    /// deserted one: that would free little, and any client that opens rooms could end other
    /// clients' rooms.
    ///
    /// # Errors
    /// `too_many_rooms`: the memory limit is reached.
    pub(super) fn check_memory(&self) -> Result<(), Refusal> {
        if self.memory.has_space_for_new() {
            return Ok(());
        }
        Err(Refusal::with_message(RefusalCode::TooManyRooms, NO_MEMORY))
    }

    /// Shortens the rings of all rooms if memory is tight. A busy room also does so with its next
    /// append; an idle room does so only here.
    pub(crate) fn shrink_rings_if_tight(&self) {
        if !self.memory.is_tight() {
            return;
        }
        if self.log_throttle.allows(self.clock.now()) {
            let used = self.memory.used();
            warn!(
                used,
                "the rooms' memory is getting tight: raise --room-memory-bytes, or find out which rooms need so much"
            );
        }
        for room in self.all() {
            room.with(Room::shrink_rings);
        }
    }
}
