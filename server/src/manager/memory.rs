//! The memory that all rooms share.

use rtbroadcaster_protocol::{Refusal, RefusalCode, Room};
use tracing::warn;

use super::Manager;

/// Why a room can't be opened that there would be a place for.
const FULL: &str = "the server has no memory left for more rooms: try again later";

impl Manager {
    /// Whether there is memory for one more room. None is closed for it, not even one that is deserted: it would be little
    /// that this gives back, and anybody who opens rooms could end those of others.
    ///
    /// # Errors
    /// `too_many_rooms`.
    pub(super) fn has_memory_for_a_room(&self) -> Result<(), Refusal> {
        if self.shared.memory.takes_more() {
            return Ok(());
        }
        Err(Refusal::with_message(RefusalCode::TooManyRooms, FULL))
    }

    /// Lets all rooms give back what they keep for those who are behind, if memory is tight: idle ones do it by nothing
    /// else.
    pub(crate) fn shrink_rings_if_tight(&self) {
        let memory = &self.shared.memory;
        if !memory.is_tight() {
            return;
        }
        if self.may_warn() {
            let used = memory.used();
            warn!(
                used,
                "the rooms' memory is getting tight: raise --room-memory-bytes, or look who needs so much"
            );
        }
        for handle in self.all_rooms() {
            handle.with(Room::shrink_rings);
        }
    }
}
