//! The server's rooms, and what it offers its connections, without a server.

use std::collections::BTreeMap;

use rtbroadcaster_protocol::{
    Host, KeyDigest, Limits, Operation, OwnerKey, Permissions, Refusal, RefusalCode, Room, RoomId, Rooms,
    Timestamp,
};

/// The table of rooms. Its ids and keys are counted, not random.
#[derive(Debug)]
pub(crate) struct Table {
    pub(super) rooms: Rooms<Room>,
    /// Closed rooms that may still have connections.
    closed: BTreeMap<RoomId, Room>,
    limits: Limits,
    /// Whether rooms stage records.
    has_journal: bool,
    /// How many rooms were opened. A restart does not reset it, because a restarted server gives
    /// out no id twice either.
    opened: u128,
}

impl Table {
    pub(crate) fn new(limits: Limits, has_journal: bool) -> Self {
        Self { rooms: Rooms::new(limits.rooms), closed: BTreeMap::new(), limits, has_journal, opened: 0 }
    }

    /// Every room, open or closed.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut Room> {
        self.rooms.iter_mut().chain(self.closed.values_mut())
    }

    /// Adds a room that was restored.
    pub(super) fn adopt(&mut self, room: Room) -> Result<(), RefusalCode> {
        self.rooms.insert(room.id(), room)
    }

    /// The server loses everything that it has in memory.
    pub(super) fn restart(&mut self) {
        self.rooms = Rooms::new(self.limits.rooms);
        self.closed.clear();
    }

    /// A room, open or closed.
    pub(super) fn find(&self, id: RoomId) -> Option<&Room> {
        self.rooms.get(id).or_else(|| self.closed.get(&id))
    }

    /// Checks the rooms that are due, and returns those whose time without an owner is over.
    pub(crate) fn tick(&mut self, now: Timestamp) -> Vec<RoomId> {
        let mut ended = Vec::new();
        for id in self.rooms.take_due(now) {
            let Some(room) = self.rooms.get_mut(id) else { continue };
            if !room.tick(now) {
                self.close(id);
                ended.push(id);
            } else if let Some(alarm) = room.take_alarm() {
                self.rooms.wake_at(alarm, id);
            }
        }
        ended
    }
}

impl Host for Table {
    fn permissions(&mut self, _operation: Operation, _token: Option<&str>) -> Result<Permissions, Refusal> {
        Ok(Permissions::ALL)
    }

    fn may_ask_for_room(&mut self, _now: Timestamp) -> Result<(), Refusal> {
        Ok(())
    }

    fn note_unknown_room(&mut self, _room: RoomId, _now: Timestamp) {}

    fn create(&mut self, session: Option<&str>) -> Result<(RoomId, OwnerKey), Refusal> {
        let (id, key) = (RoomId::from_random(self.opened + 1), format!("key-{}", self.opened + 1));
        let digest = self.digest(&key);
        let mut room = Room::new(id, digest, session, self.limits.clone());
        if self.has_journal {
            room.stage_records(0);
        }
        self.rooms.insert(id, room)?;
        self.opened += 1;
        Ok((id, OwnerKey(key)))
    }

    fn with<R>(&mut self, room: RoomId, act: impl FnOnce(&mut Room) -> R) -> Option<R> {
        self.rooms.get_mut(room).or_else(|| self.closed.get_mut(&room)).map(act)
    }

    fn close(&mut self, room: RoomId) {
        if let Some(mut closed) = self.rooms.remove(room) {
            closed.close();
            self.closed.insert(room, closed);
        }
    }

    fn wake_at(&mut self, room: RoomId, moment: Timestamp) {
        self.rooms.wake_at(moment, room);
    }

    fn params_depth(&self) -> usize {
        self.limits.params_depth
    }

    fn digest(&mut self, owner_key: &str) -> KeyDigest {
        let mut digest = [0; 32];
        digest.iter_mut().zip(owner_key.bytes()).for_each(|(digest, byte)| *digest = byte);
        KeyDigest(digest)
    }
}
