//! Makes a replica out of the entries of a log.

use super::entry::LogEntry;
use super::group::{Complete, Incomplete};
use super::starts::GroupStarts;
use crate::{Limits, RecordError, Records, RestoreError, Room, RoomId, RoomRestorer, Timestamp};

/// Why no replica can be made of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The entries don't follow each other: some were deleted while they were read. Reading again
    /// from the first entry helps.
    #[error("entries of the room's log are missing")]
    Hole,
    /// An entry can't be read.
    #[error(transparent)]
    Unreadable(#[from] RecordError),
    /// The records make no room.
    #[error(transparent)]
    Unrestorable(#[from] RestoreError),
}

/// A room that is being made out of the entries of its log, oldest first.
#[derive(Debug)]
pub struct ReplicaLoader {
    restorer: RoomRestorer,
    /// The position of the newest entry; 0 before the first.
    position: u64,
    holder: u64,
    incomplete: Option<Incomplete>,
    starts: GroupStarts,
}

/// A room as the entries of its log have made it.
#[derive(Debug)]
pub struct LoadedRoom {
    /// None if the room was closed and its older entries are deleted.
    pub(super) room: Option<Room>,
    pub(super) position: u64,
    pub(super) holder: u64,
    pub(super) incomplete: Option<Incomplete>,
    pub(super) starts: GroupStarts,
}

impl LoadedRoom {
    /// The position of the newest entry that made it.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }
}

impl ReplicaLoader {
    /// A room without any entry yet. With `has_original` it keeps its ring in the original
    /// rendering too.
    #[must_use]
    pub fn new(id: RoomId, limits: Limits, has_original: bool) -> Self {
        let mut restorer = RoomRestorer::new(id, limits);
        if has_original {
            restorer.render_original();
        }
        Self { restorer, position: 0, holder: 0, incomplete: None, starts: GroupStarts::default() }
    }

    /// The position of the newest entry that was taken; 0 before the first.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Takes the next entry, which has this position. An entry that was taken already is ignored.
    ///
    /// # Errors
    /// If nothing can be made of the room with this entry.
    pub fn take(&mut self, position: u64, entry: &LogEntry<'_>) -> Result<(), LoadError> {
        if position <= self.position {
            return Ok(());
        }
        // Entries before the first one that is still there may have been deleted.
        if self.position != 0 && entry.previous != self.position {
            return Err(LoadError::Hole);
        }
        self.position = position;
        self.holder = entry.holder;
        let group = Incomplete::add(&mut self.incomplete, position, entry);
        let Some(Complete { start, records }) = group else { return Ok(()) };
        let first_seq = self.restorer.head() + 1;
        let mut has_checkpoint = false;
        for record in Records::new(&records) {
            let record = record?;
            has_checkpoint |= record.is_whole_state();
            self.restorer.apply(&record)?;
        }
        self.starts.note(start, first_seq, records.len(), has_checkpoint);
        Ok(())
    }

    /// The room as it is now. `clock_start_ms` is as for
    /// [`Room::stage_records`](crate::Room::stage_records).
    ///
    /// # Errors
    /// If the records make no room: the first of them are missing.
    pub fn finish(self, clock_start_ms: u64, now: Timestamp) -> Result<LoadedRoom, LoadError> {
        Ok(LoadedRoom {
            room: self.restorer.finish_replica(clock_start_ms, now)?,
            position: self.position,
            holder: self.holder,
            incomplete: self.incomplete,
            starts: self.starts,
        })
    }
}
