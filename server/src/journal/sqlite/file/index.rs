//! Which rows of the store are whose, and which of them are needed no more.

use std::collections::{HashMap, VecDeque};

use rtbroadcaster_protocol::RoomId;

use super::row::{Contents, Row};

/// A room is asked for a checkpoint after this many bytes of records, or after as many as came with
/// its last checkpoint, if those were more.
const CHECKPOINT_AFTER_BYTES: u64 = 256 * 1024;

/// The rows of all rooms.
#[derive(Debug, Default)]
pub(crate) struct Index {
    rooms: HashMap<RoomId, RoomRows>,
    /// Rows that are needed no more and are still in the file. Those of a room are in order, and
    /// are deleted in it: whenever the process ends, what is left of a room are its newest rows.
    garbage: VecDeque<i64>,
}

/// The rows of one room.
#[derive(Debug, Default)]
pub(crate) struct RoomRows {
    /// The number of each row, and the seq of the newest action in it or before it.
    rows: VecDeque<(i64, u64)>,
    /// The row of the newest checkpoint.
    checkpoint: Option<i64>,
    /// Bytes of the records that the newest checkpoint came with.
    checkpoint_bytes: u64,
    /// Bytes of the records since then.
    bytes_since: u64,
    /// Whether the room was asked for a checkpoint and has staged none yet.
    is_asked: bool,
}

impl RoomRows {
    /// Adds the room's next row.
    pub(crate) fn add(&mut self, row: &Row<'_>, has_checkpoint: bool) {
        self.rows.push_back((row.n, row.last_seq));
        if has_checkpoint {
            self.checkpoint = Some(row.n);
            self.checkpoint_bytes = row.bytes.len() as u64;
            (self.bytes_since, self.is_asked) = (0, false);
        } else {
            self.bytes_since += row.bytes.len() as u64;
        }
    }
}

impl Index {
    /// How many rooms have rows.
    pub(crate) fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// How many rows are needed no more.
    pub(crate) fn garbage(&self) -> usize {
        self.garbage.len()
    }

    /// The newest row of a room; 0 if it has none.
    pub(crate) fn last_row(&self, room: RoomId) -> i64 {
        let last = self.rooms.get(&room).and_then(|room| room.rows.back());
        last.map_or(0, |(n, _)| *n)
    }

    /// Adds a room with all its rows. They are needed no more if it is closed.
    pub(crate) fn add_room(&mut self, id: RoomId, rows: RoomRows, is_closed: bool) {
        if is_closed {
            self.discard(rows);
        } else {
            self.rooms.insert(id, rows);
        }
    }

    fn discard(&mut self, rows: RoomRows) {
        self.garbage.extend(rows.rows.into_iter().map(|(n, _)| n));
    }

    /// Adds a row that is kept.
    pub(crate) fn add(&mut self, row: &Row<'_>, contents: Contents) {
        let room = self.rooms.entry(row.room).or_default();
        room.add(row, contents.has_checkpoint);
        if contents.is_end {
            let rows = self.rooms.remove(&row.room).unwrap_or_default();
            self.discard(rows);
        } else if let Some(checkpoint) = room.checkpoint {
            let is_needed = |(n, last_seq): (i64, u64)| n >= checkpoint || last_seq >= contents.oldest_seq;
            while room.rows.front().is_some_and(|first| !is_needed(*first)) {
                self.garbage.extend(room.rows.pop_front().map(|(n, _)| n));
            }
        }
    }

    /// Whether this room should stage a checkpoint. A room is asked once.
    pub(crate) fn ask_for_checkpoint(&mut self, room: RoomId) -> bool {
        let Some(room) = self.rooms.get_mut(&room) else { return false };
        let is_due = !room.is_asked && room.bytes_since >= room.checkpoint_bytes.max(CHECKPOINT_AFTER_BYTES);
        room.is_asked |= is_due;
        is_due
    }

    /// The rooms with the oldest rows, as many as have this many bytes of records since their
    /// checkpoints. They are asked for one, however few records each has.
    pub(crate) fn ask_oldest_for_checkpoints(&mut self, bytes: u64) -> Vec<RoomId> {
        let candidates = self.rooms.iter().filter(|(_, room)| !room.is_asked && room.bytes_since > 0);
        let mut oldest: Vec<_> =
            candidates.filter_map(|(id, room)| Some((room.rows.front()?.0, *id))).collect();
        oldest.sort_unstable();
        let mut asked = Vec::new();
        let mut sum = 0;
        for (_, id) in oldest {
            if sum >= bytes {
                break;
            }
            if let Some(room) = self.rooms.get_mut(&id) {
                room.is_asked = true;
                sum += room.bytes_since;
                asked.push(id);
            }
        }
        asked
    }

    /// Takes at most this many of the rows that are needed no more, the first of each room first.
    pub(crate) fn take_garbage(&mut self, rows: usize) -> Vec<i64> {
        let mut taken: Vec<_> = self.garbage.drain(..rows.min(self.garbage.len())).collect();
        if self.garbage.is_empty() {
            self.garbage = VecDeque::new();
        }
        // Rows that stand beside each other are in the same pages.
        taken.sort_unstable();
        taken
    }
}
