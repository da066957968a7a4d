//! What records a room, and what the room knows of that.

use std::fmt;
use std::sync::Arc;

use crate::Refusal;
use crate::room::id::RoomId;
use crate::room::log::Cursor;

/// What records rooms. A room calls it while its caller holds the room's lock, so it must neither
/// wait nor ask the room for anything.
pub trait RecorderHost: fmt::Debug + Send + Sync {
    /// Whether a recording may begin now.
    ///
    /// # Errors
    /// - `forbidden`: nothing is recorded here.
    /// - `state_too_large`: there is no space for another recording.
    fn may_begin(&self) -> Result<(), Refusal>;

    /// The owner of this room wants it recorded:
    /// [`Room::take_recorder_start`](crate::Room::take_recorder_start) says from where on.
    fn begin(&self, room: RoomId);
}

/// What a room knows of its recorder.
#[derive(Debug, Default)]
pub(crate) struct RecorderState {
    pub(super) host: Option<Arc<dyn RecorderHost>>,
    /// Which recording it is, so that an older recorder isn't taken for a newer one.
    pub(super) run: u64,
    /// Where the recording begins. None once there is a recorder.
    pub(super) start: Option<RecorderStart>,
    /// The recordings that the owner waits for, each with the seq up to which it has everything.
    /// There are two only while one ends and another begins.
    pub(super) awaited: Vec<(u64, u64)>,
    /// Grows whenever the owner is to be told whether the room is recorded.
    pub(super) news: u64,
}

/// Where a recording begins. [`Recorder::new`](crate::Recorder::new) takes it.
#[derive(Debug)]
pub struct RecorderStart {
    pub(crate) cursor: Cursor,
    pub(crate) run: u64,
    pub(super) is_shared: bool,
}

impl RecorderStart {
    /// Whether whoever may join may read the recording.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }
}
