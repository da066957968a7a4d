//! The server's rooms, and what it offers its connections, without a server.

use std::collections::BTreeMap;
use std::task::Poll;

use rtbroadcaster_protocol::{
    Host, KeyDigest, Limits, Operation, OwnerKey, Permissions, Refusal, RefusalCode, RequestedEntry, Room,
    RoomId, Rooms, Timestamp,
};

use super::harness::mixed;

/// The table of rooms. Its ids and keys are counted, not random.
#[derive(Debug)]
pub(crate) struct Table {
    pub(super) rooms: Rooms<Room>,
    /// Closed rooms that may still have connections.
    closed: BTreeMap<RoomId, Room>,
    limits: Limits,
    /// Whether rooms stage records.
    has_journal: bool,
    /// None if no other server has the same rooms.
    sharing: Option<Sharing>,
    /// Whether it tells its time to pages that estimate its clock.
    pub(super) tells_time: bool,
    /// How many rooms were opened. A restart does not reset it, because a restarted server gives
    /// out no id twice either.
    opened: u128,
    /// How many random numbers were drawn.
    drawn: u64,
}

/// What a table knows of other servers with the same rooms.
#[derive(Debug)]
struct Sharing {
    server: u128,
    servers: u128,
    /// What was decided about the next client that wants to enter.
    decided: Option<Result<(), RefusalCode>>,
    /// The room that a client waits for, and the seq up to which the client has it.
    wanted: Option<(RoomId, Option<u64>)>,
    /// Whether the last client was told to come back.
    has_sent_away: bool,
}

impl Table {
    pub(crate) fn new(limits: Limits, has_journal: bool) -> Self {
        let (rooms, closed) = (Rooms::new(limits.rooms), BTreeMap::new());
        Self { rooms, closed, limits, has_journal, sharing: None, tells_time: true, opened: 0, drawn: 0 }
    }

    /// The table of one of several servers that have the same rooms.
    pub(super) fn shared(limits: Limits, server: usize, servers: usize) -> Self {
        let (server, servers) = (server as u128, servers as u128);
        let sharing = Sharing { server, servers, decided: None, wanted: None, has_sent_away: false };
        Self { sharing: Some(sharing), ..Self::new(limits, true) }
    }

    /// Says what was decided about the client that speaks next.
    pub(super) fn decide_entry(&mut self, decided: Option<Result<(), RefusalCode>>) {
        if let Some(sharing) = &mut self.sharing {
            (sharing.decided, sharing.has_sent_away) = (decided, false);
        }
    }

    /// Whether the client that spoke last was told to come back.
    pub(super) fn has_sent_away(&self) -> bool {
        self.sharing.as_ref().is_some_and(|sharing| sharing.has_sent_away)
    }

    /// The room that the client waits for that spoke last, and the seq up to which it has it.
    pub(super) fn take_wanted(&mut self) -> Option<(RoomId, Option<u64>)> {
        self.sharing.as_mut()?.wanted.take()
    }

    /// Removes a room that is open.
    pub(super) fn unload(&mut self, id: RoomId) -> Option<Room> {
        self.rooms.remove(id)
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
            if self.sharing.is_some() && room.is_closed() {
                // Its log has not taken that yet, and may never: then it has another alarm.
                room.tick(now);
                continue;
            }
            if !room.tick(now) {
                if self.sharing.is_none() {
                    self.close(id);
                }
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

    fn may_enter(&mut self, entry: &RequestedEntry<'_>) -> Poll<Result<(), Refusal>> {
        let (Some(sharing), RequestedEntry::Join(id, join)) = (&mut self.sharing, entry) else {
            return Poll::Ready(Ok(()));
        };
        if let Some(decided) = sharing.decided.take() {
            sharing.has_sent_away = decided.is_err();
            return Poll::Ready(decided.map_err(|code| {
                let retry_after_ms = Some(1_000);
                Refusal { retry_after_ms, ..Refusal::from(code) }
            }));
        }
        // What the client has, this server must have too.
        let has_all = |room: &Room| join.since.is_none_or(|since| since <= room.served_seq());
        if self.rooms.get(*id).is_some_and(has_all) {
            return Poll::Ready(Ok(()));
        }
        sharing.wanted = Some((*id, join.since));
        Poll::Pending
    }

    fn may_ask_for_room(&mut self, _now: Timestamp) -> Result<(), Refusal> {
        Ok(())
    }

    fn note_unknown_room(&mut self, _room: RoomId, _now: Timestamp) {}

    fn create(&mut self, session: Option<&str>, _has_code: bool) -> Result<(RoomId, OwnerKey), Refusal> {
        let (server, servers) =
            self.sharing.as_ref().map_or((0, 1), |shared| (shared.server, shared.servers));
        let number = self.opened * servers + server + 1;
        let (id, key) = (RoomId::from_random(number), format!("key-{number}"));
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

    fn time_ms(&self, now: Timestamp) -> u64 {
        now.0
    }

    fn sample_time_ms(&mut self, now: Timestamp) -> Option<u64> {
        self.tells_time.then_some(now.0)
    }

    fn random(&mut self) -> u64 {
        self.drawn += 1;
        mixed(self.drawn)
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
