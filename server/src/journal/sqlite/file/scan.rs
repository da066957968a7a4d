//! Makes rooms out of the rows of a store, as they are read.

use std::collections::HashMap;
use std::path::Path;

use rtbroadcaster_protocol::{Limits, Record, Records, Restart, RestoreError, Room, RoomId, RoomRestorer};

use super::super::error::StoreError;
use super::row::Row;

/// The rooms, as far as the rows were read.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    /// The file that is read.
    path: &'a Path,
    limits: &'a Limits,
    /// In the order of their first rows.
    rooms: Vec<Scanned>,
    /// Where in `rooms` each is.
    positions: HashMap<RoomId, usize>,
}

/// A room, as far as its rows were read.
#[derive(Debug)]
pub(crate) struct Scanned {
    pub(crate) restorer: RoomRestorer,
    pub(crate) id: RoomId,
    /// The number of its last row.
    last_row: i64,
    /// Bytes of its records.
    pub(crate) bytes: u64,
    /// When the last of them was written, in milliseconds since 1970.
    pub(crate) written_ms: u64,
}

/// What is in a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    /// The place of its room among all, in the order of their first rows.
    pub(crate) position: usize,
    /// Whether a checkpoint is among its records.
    pub(crate) has_checkpoint: bool,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(path: &'a Path, limits: &'a Limits) -> Self {
        Self { path, limits, rooms: Vec::new(), positions: HashMap::new() }
    }

    /// Repeats what the next row says, and tells what is in it.
    pub(crate) fn take(&mut self, row: &Row<'_>) -> Result<Taken, StoreError> {
        let position = *self.positions.entry(row.room).or_insert_with(|| {
            self.rooms.push(Scanned {
                restorer: RoomRestorer::new(row.room, self.limits.clone()),
                id: row.room,
                last_row: row.previous,
                bytes: 0,
                written_ms: 0,
            });
            self.rooms.len() - 1
        });
        let room = &mut self.rooms[position];
        if room.last_row != row.previous {
            return Err(incomplete(self.path, row.room, row.n, RestoreError::Incomplete));
        }
        (room.last_row, room.written_ms) = (row.n, row.written_ms);
        room.bytes += row.bytes.len() as u64;
        let has_checkpoint = apply(&mut room.restorer, row.bytes)
            .map_err(|reason| incomplete(self.path, row.room, row.n, reason))?;
        Ok(Taken { position, has_checkpoint })
    }

    /// All rooms, as far as they were read, in the order of their first rows.
    pub(crate) fn into_rooms(self) -> impl Iterator<Item = Scanned> {
        self.rooms.into_iter()
    }
}

impl Scanned {
    /// The room, if it is open. `path` is the file that was read.
    pub(crate) fn finish(self, path: &Path, restart: Restart) -> Result<Option<Room>, StoreError> {
        let Self { restorer, id, last_row, .. } = self;
        restorer.finish(restart).map_err(|reason| incomplete(path, id, last_row, reason))
    }
}

fn incomplete(path: &Path, room: RoomId, row: i64, reason: RestoreError) -> StoreError {
    StoreError::IncompleteRoom { path: path.to_owned(), room, row, reason }
}

/// Repeats what the records of a row say. Returns whether a checkpoint is among them.
fn apply(restorer: &mut RoomRestorer, bytes: &[u8]) -> Result<bool, RestoreError> {
    let mut has_checkpoint = false;
    for record in Records::new(bytes) {
        let record = record?;
        has_checkpoint |= matches!(record, Record::Checkpoint(_));
        restorer.apply(&record)?;
    }
    Ok(has_checkpoint)
}
