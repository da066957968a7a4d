//! Serving what records a room: it is served as a follower is, and counts as none.

use crate::Rendering;
use crate::room::Room;
use crate::room::log::{Cursor, Frame};

impl Room {
    /// A cursor from which the room is recorded: see [`Room::cursor`].
    pub(crate) fn recording_cursor(&mut self, since: Option<u64>) -> Cursor {
        self.cursor(Rendering::Compact, since)
    }

    /// A cursor at the snapshot, for a recording that has missed what came before.
    pub(crate) fn late_recording_cursor(&mut self) -> Cursor {
        self.resync_cursor(Rendering::Compact)
    }

    /// A cursor at the snapshot as it is now. None if there is no memory for it.
    pub(crate) fn snapshot_to_record(&mut self) -> Option<Cursor> {
        self.has_memory_for_snapshot(Rendering::Compact).then(|| self.cursor(Rendering::Compact, None))
    }

    /// As [`Room::serve`], but live actions only up to `until`.
    pub(crate) fn serve_until(&mut self, cursor: &mut Cursor, until: u64, frame: &mut Frame) {
        frame.clear();
        self.fill(cursor, until, frame);
    }
}
