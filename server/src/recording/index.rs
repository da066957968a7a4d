//! Which recordings there are.

use std::collections::{BTreeMap, HashMap};

use rtbroadcaster_protocol::RoomId;

use super::part::{Part, PartId, PartState};

/// All recordings, by their rooms.
#[derive(Debug, Default)]
pub(super) struct Index {
    rooms: HashMap<RoomId, BTreeMap<u64, Part>>,
    /// Bytes of all of them.
    bytes: u64,
}

impl Index {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
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
        let before = self.rooms.entry(id.room).or_default().insert(id.part, part);
        self.bytes -= before.map_or(0, |part| part.bytes);
    }

    /// The recordings of a room, oldest first.
    pub(super) fn of_room(&self, room: RoomId) -> impl Iterator<Item = (u64, &Part)> {
        self.rooms.get(&room).into_iter().flatten().map(|(part, known)| (*part, known))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (PartId, &Part)> {
        self.rooms.iter().flat_map(|(room, parts)| {
            parts.iter().map(|(part, known)| (PartId { room: *room, part: *part }, known))
        })
    }

    /// Notes how far a recording goes.
    pub(super) fn grow(&mut self, id: PartId, bytes: u64, lasted_ms: u64) {
        if let Some(part) = self.part(id) {
            let before = std::mem::replace(&mut part.bytes, bytes);
            part.lasted_ms = lasted_ms;
            self.bytes = self.bytes - before + bytes;
        }
    }

    pub(super) fn set_state(&mut self, id: PartId, state: PartState) {
        if let Some(part) = self.part(id) {
            part.state = state;
        }
    }

    pub(super) fn remove(&mut self, id: PartId) {
        if let Some(parts) = self.rooms.get_mut(&id.room) {
            self.bytes -= parts.remove(&id.part).map_or(0, |part| part.bytes);
            if parts.is_empty() {
                self.rooms.remove(&id.room);
            }
        }
    }

    fn part(&mut self, id: PartId) -> Option<&mut Part> {
        self.rooms.get_mut(&id.room)?.get_mut(&id.part)
    }
}
