//! The store with real files: rooms that act, a process that ends, and another one that goes on.

mod damage;
mod deletion;
mod directory;
mod failure;
mod group;
mod reader;
mod restart;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use rtbroadcaster_protocol::{
    Action, Frame, KeyDigest, Limits, Mark, Record, Rendering, Room, RoomId, Timestamp,
};

use super::journal::SqliteJournal;
use super::{Store, StoreError, StoreSettings, SyncMode};
use crate::journal::{Journal, Listener, Staged, StoreCounts};

/// Bounds a test in which the journal never says anything. It is far above what a commit takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory that is gone when the test ends.
#[derive(Debug)]
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("rtbroadcaster-store-{}-{number}", std::process::id()));
        // It may be there from an earlier process with the same id.
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn file(&self) -> PathBuf {
        self.0.join("rooms.sqlite")
    }

    fn wal(&self) -> PathBuf {
        self.0.join("rooms.sqlite-wal")
    }

    fn settings(&self, sync: SyncMode) -> StoreSettings {
        StoreSettings { directory: self.0.clone(), sync }
    }

    /// A copy as a sudden end of the process leaves it: the files as the operating system has them.
    fn crash_copy(&self) -> Self {
        let copy = Self::new();
        fs::create_dir(&copy.0).unwrap();
        for name in ["rooms.sqlite", "rooms.sqlite-wal", "rooms.lock"] {
            if self.0.join(name).exists() {
                fs::copy(self.0.join(name), copy.0.join(name)).unwrap();
            }
        }
        copy
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a journal says.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Kept(Vec<(RoomId, Mark)>),
    Due(Vec<RoomId>),
    Failed,
}

#[derive(Debug)]
struct Teller(Sender<Told>);

impl Listener for Teller {
    fn kept(&self, kept: &[(RoomId, Mark)]) {
        let _ = self.0.send(Told::Kept(kept.to_vec()));
    }

    fn checkpoints_due(&self, rooms: &[RoomId]) {
        let _ = self.0.send(Told::Due(rooms.to_vec()));
    }

    fn failed(&self) {
        let _ = self.0.send(Told::Failed);
    }
}

/// A process with rooms and a store.
#[derive(Debug)]
struct Process {
    rooms: HashMap<RoomId, Room>,
    journal: SqliteJournal,
    /// Where its clock starts, in milliseconds since 1970.
    clock_start_ms: u64,
    told: Receiver<Told>,
    /// How many groups were kept.
    groups: u64,
    next_room: u128,
}

fn small_limits() -> Limits {
    Limits::default().with(|limits| limits.ring_actions = 16)
}

impl Process {
    /// What its store has done.
    fn counts(&self) -> StoreCounts {
        self.journal.counts().expect("a store counts")
    }

    fn start(directory: &Directory, sync: SyncMode) -> Self {
        Self::with(directory, sync, &small_limits()).unwrap()
    }

    fn with(directory: &Directory, sync: SyncMode, limits: &Limits) -> Result<Self, StoreError> {
        let mut store = Store::open(&directory.settings(sync))?;
        let clock_start_ms = store.clock.now_ms();
        let restart = store.restart(clock_start_ms, Timestamp(0));
        let rooms = store.restore(limits, restart)?;
        let (sender, told) = channel();
        let journal = store.start(Box::new(Teller(sender))).unwrap();
        let rooms: HashMap<_, _> = rooms.into_iter().map(|room| (room.id(), room)).collect();
        let mut process =
            Self { next_room: rooms.len() as u128 + 1, rooms, journal, told, groups: 0, clock_start_ms };
        let ids: Vec<_> = process.rooms.keys().copied().collect();
        ids.into_iter().for_each(|id| process.push(id, false));
        Ok(process)
    }

    fn open_room(&mut self) -> RoomId {
        self.open_room_with(small_limits())
    }

    fn open_room_with(&mut self, limits: Limits) -> RoomId {
        let id = RoomId::from_random(self.next_room);
        self.next_room += 1;
        let mut room = Room::new(id, KeyDigest([7; 32]), Some("page"), limits);
        room.stage_records(self.clock_start_ms);
        self.rooms.insert(id, room);
        self.push(id, false);
        id
    }

    fn room(&mut self, id: RoomId) -> &mut Room {
        self.rooms.get_mut(&id).unwrap()
    }

    /// How long the room's owner was away when the process started.
    fn away_ms(&self, id: RoomId) -> u64 {
        let since_ms = self.rooms[&id].checkpoint(self.clock_start_ms).owner.away_since_ms;
        self.clock_start_ms - since_ms.expect("nobody is connected")
    }

    fn act(&mut self, id: RoomId, params: &str, slot: Option<&str>) {
        let number = self.room(id).head() + 1;
        assert!(self.try_act(id, number, params, slot));
    }

    /// Returns whether the action was taken.
    fn try_act(&mut self, id: RoomId, number: u64, params: &str, slot: Option<&str>) -> bool {
        let action = Action { key: "f", params, slot, at: None };
        let result = self.room(id).action(Some(number), action, Timestamp(0));
        self.push(id, false);
        result.is_ok()
    }

    fn checkpoint(&mut self, id: RoomId) {
        self.room(id).stage_checkpoint();
        self.push(id, true);
    }

    fn push(&mut self, id: RoomId, has_checkpoint: bool) {
        let room = self.rooms.get_mut(&id).unwrap();
        let Some((bytes, mark)) = room.take_staged() else { return };
        let (oldest_seq, is_end) = (room.oldest_seq(), room.is_closed());
        self.journal.push(Staged { room: id, bytes, mark, oldest_seq, has_checkpoint, is_end });
        self.journal.commit_here();
    }

    /// Takes what the journal says next, and does it.
    fn hear(&mut self) -> Told {
        let told = self.told.recv_timeout(PATIENCE).expect("the journal says something");
        match &told {
            Told::Kept(kept) => {
                self.groups += 1;
                kept.iter().for_each(|(id, mark)| self.room(*id).committed(*mark));
            }
            Told::Due(rooms) => rooms.iter().for_each(|id| self.checkpoint(*id)),
            Told::Failed => {}
        }
        told
    }

    /// Waits until all that was pushed is kept.
    fn settle(&mut self) {
        while self.rooms.values().any(|room| room.unkept_mark().is_some()) {
            assert_ne!(self.hear(), Told::Failed, "{:?}", self.journal.failure());
        }
    }

    /// What clients can see of each room.
    fn visible(&mut self) -> BTreeMap<RoomId, Visible> {
        self.rooms.iter_mut().map(|(id, room)| (*id, visible(room))).collect()
    }
}

/// The state of a room, and its ring.
type Visible = (Vec<u8>, String);

/// All that clients can ever see of a room: its state, and its ring.
fn visible(room: &mut Room) -> Visible {
    let mut checkpoint = room.checkpoint(0);
    checkpoint.owner.away_since_ms = None;
    let mut state = Vec::new();
    Record::Checkpoint(checkpoint).encode(&mut state);
    let oldest = room.oldest_seq() - 1;
    (state, served_after(room, oldest))
}

/// What a follower is served that has everything up to a seq.
fn served_after(room: &mut Room, seq: u64) -> String {
    let mut cursor = room.cursor(Rendering::Compact, Some(seq));
    let (mut frame, mut text) = (Frame::default(), String::new());
    loop {
        room.serve(&mut cursor, &mut frame);
        if frame.is_empty() {
            return text;
        }
        text += std::str::from_utf8(&frame.payload()).unwrap();
        text.push('\n');
    }
}

/// The number that a query of a store answers.
fn number(file: &Path, sql: &str) -> i64 {
    let connection = super::file::database::open_to_read(file).unwrap();
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}
