//! Which recordings there are.

use std::collections::{BTreeMap, HashMap};

use rtbroadcaster_protocol::RoomId;

use super::part::{Part, PartId, PartState};

/// A recording counts as so many bytes at least, so that many short ones don't fill a folder.
const LEAST_BYTES: u64 = 8 * 1024;

/// All recordings, by their rooms.
#[derive(Debug, Default)]
pub(super) struct Index {
    rooms: HashMap<RoomId, BTreeMap<u64, Part>>,
    /// Bytes of all of them.
    bytes: u64,
    /// The same, with each as [`LEAST_BYTES`] at least.
    counted: u64,
}

fn counted(part: &Part) -> u64 {
    part.bytes.max(LEAST_BYTES)
}

impl Index {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes that count for the limit of all.
    pub(super) fn counted(&self) -> u64 {
        self.counted
    }

    pub(super) fn len(&self) -> usize {
        self.rooms.values().map(BTreeMap::len).sum()
    }

    /// The number of the next recording of a room. Numbers aren't given twice while one of the
    /// room's is there.
    pub(super) fn next_part(&self, room: RoomId) -> u64 {
        self.rooms.get(&room).and_then(|parts| parts.last_key_value()).map_or(1, |(last, _)| last + 1)
    }

    pub(super) fn insert(&mut self, id: PartId, part: Part) {
        self.bytes += part.bytes;
        self.counted += counted(&part);
        if let Some(before) = self.rooms.entry(id.room).or_default().insert(id.part, part) {
            self.forget(&before);
        }
    }

    /// The recordings of a room, oldest first.
    pub(super) fn of_room(&self, room: RoomId) -> impl Iterator<Item = (u64, &Part)> {
        self.rooms.get(&room).into_iter().flatten().map(|(part, known)| (*part, known))
    }

    /// The recordings that have ended, with a last line before this time. A file's own time says
    /// less: copies and restored backups have another.
    pub(super) fn older_than(&self, time_ms: u64) -> Vec<PartId> {
        let is_old = |part: &Part| part.started_ms.saturating_add(part.lasted_ms) < time_ms;
        let old = self.iter().filter(|(_, part)| part.state != PartState::Running && is_old(part));
        old.map(|(id, _)| id).collect()
    }

    fn iter(&self) -> impl Iterator<Item = (PartId, &Part)> {
        self.rooms.iter().flat_map(|(room, parts)| {
            parts.iter().map(|(part, known)| (PartId { room: *room, part: *part }, known))
        })
    }

    /// Notes how far a recording goes.
    pub(super) fn grow(&mut self, id: PartId, bytes: u64, lasted_ms: u64) {
        if let Some(part) = self.part(id) {
            let before = part.clone();
            (part.bytes, part.lasted_ms) = (bytes, lasted_ms);
            let now = counted(part);
            self.bytes += bytes;
            self.counted += now;
            self.forget(&before);
        }
    }

    pub(super) fn set_state(&mut self, id: PartId, state: PartState) {
        if let Some(part) = self.part(id) {
            part.state = state;
        }
    }

    pub(super) fn remove(&mut self, id: PartId) {
        if let Some(parts) = self.rooms.get_mut(&id.room) {
            let removed = parts.remove(&id.part);
            if parts.is_empty() {
                self.rooms.remove(&id.room);
            }
            if let Some(part) = removed {
                self.forget(&part);
            }
        }
    }

    fn forget(&mut self, part: &Part) {
        self.bytes -= part.bytes;
        self.counted -= counted(part);
    }

    fn part(&mut self, id: PartId) -> Option<&mut Part> {
        self.rooms.get_mut(&id.room)?.get_mut(&id.part)
    }
}

#[cfg(test)]
mod tests {
    use rtbroadcaster_protocol::KeyDigest;

    use super::*;

    #[test]
    fn a_recording_is_as_old_as_its_last_line_and_one_that_runs_is_never_old() {
        let part = |lasted_ms, state| Part {
            key: KeyDigest([7; 32]),
            is_shared: false,
            started_ms: 1_000,
            lasted_ms,
            bytes: 1,
            state,
        };
        let id = |part| PartId { room: RoomId::from_random(1), part };
        let mut index = Index::default();
        index.insert(id(1), part(10, PartState::Cut));
        index.insert(id(2), part(500, PartState::Ended("closed".to_owned())));
        index.insert(id(3), part(10, PartState::Running));
        assert_eq!(index.older_than(1_010), []);
        assert_eq!(index.older_than(1_011), [id(1)]);
        assert_eq!(index.older_than(5_000), [id(1), id(2)]);
        // All three are short, and count as 8 KiB each.
        assert_eq!((index.bytes(), index.counted()), (3, 3 * LEAST_BYTES));
        index.grow(id(3), LEAST_BYTES + 5, 20);
        assert_eq!((index.bytes(), index.counted()), (LEAST_BYTES + 7, 3 * LEAST_BYTES + 5));
        index.remove(id(3));
        index.remove(id(2));
        assert_eq!((index.bytes(), index.counted()), (1, LEAST_BYTES));
    }
}
