//! Who records the rooms.

use std::sync::Arc;

use rtbroadcaster_protocol::RecorderHost;

use super::RoomTable;

impl RoomTable {
    /// Has rooms recorded by this host when their owners ask for it. To be called before any room
    /// is opened.
    pub(crate) fn record_with(&self, recorder: Arc<dyn RecorderHost>) {
        self.recorder.get_or_init(|| recorder);
    }
}
