//! A store: the directory in which rooms outlive the process.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};

use rtbroadcaster_protocol::{
    Limits, Record, RecordError, Records, Restart, RestoreError, Room, RoomId, RoomRestorer, Timestamp,
};
use rusqlite::{Connection, params};

use super::Listener;
use super::database;
use super::error::StoreError;
use super::index::{Contents, Index};
use super::life::{FormerLife, Life, LifeClock};
use super::lock::DirectoryLock;
use super::machine;
use super::row::Row;
use super::settings::{StoreSettings, SyncMode};
use super::sqlite::SqliteJournal;

/// A store that this process has for itself. First [`Store::restore`], then [`Store::start`].
#[derive(Debug)]
pub(crate) struct Store {
    pub(super) connection: Connection,
    pub(super) lock: DirectoryLock,
    pub(super) path: PathBuf,
    pub(super) life: Life,
    pub(super) clock: LifeClock,
    former: Option<FormerLife>,
    pub(super) index: Index,
    /// The number of the next row.
    pub(super) next: i64,
    /// The limit on the memory of all rooms, which the size of the file follows.
    pub(super) room_memory_bytes: u64,
    is_restored: bool,
}

impl Store {
    /// Opens the store in a directory, and keeps other processes out. Makes both, if they aren't
    /// there.
    pub(crate) fn open(settings: &StoreSettings) -> Result<Self, StoreError> {
        let directory = &settings.directory;
        make_directory(directory).map_err(|error| StoreError::of_io(directory, &error))?;
        let lock = DirectoryLock::take(directory)?;
        let path = database::path_in(directory);
        let is_new = !path.exists();
        let connection = database::open(&path, settings.sync)?;
        if is_new {
            sync_directory(directory).map_err(|error| StoreError::of_io(directory, &error))?;
        }
        let clock = LifeClock::start();
        let boot = machine::boot();
        let former = Life::read(&connection).map_err(|error| StoreError::of_sqlite(&path, &error))?;
        let former = former.map(|life| life.seen_from(clock.now(), boot.as_deref(), lock.former_life()));
        let life = Life { number: random(), boot, sync: settings.sync, ended: clock.now(), is_clean: false };
        Ok(Self {
            connection,
            lock,
            path,
            life,
            clock,
            former,
            index: Index::default(),
            next: 1,
            room_memory_bytes: u64::MAX,
            is_restored: false,
        })
    }

    /// What the process before has left. None in a new store.
    pub(crate) fn former(&self) -> Option<FormerLife> {
        self.former
    }

    /// What rooms must know of the restart. `clock_start_ms` is the moment at which this process's
    /// clock started, in milliseconds since 1970; `now` is the present by that clock.
    pub(crate) fn restart(&self, clock_start_ms: u64, now: Timestamp) -> Restart {
        let now_ms = clock_start_ms.saturating_add(now.0);
        let (ended_ms, down_ms) = self.former.map_or((now_ms, 0), |former| (former.ended_ms, former.down_ms));
        Restart { clock_start_ms, now, ended_ms, down_ms }
    }

    /// Makes the rooms out of their rows, in one scan. Closed rooms are deleted. If seqs may have
    /// been handed out that the store doesn't know, the rooms skip ahead, and that is kept before
    /// this returns. From here on the store counts as this process's.
    ///
    /// The caller takes what the rooms have staged, and pushes it once the journal has started.
    pub(crate) fn restore(&mut self, limits: &Limits, restart: Restart) -> Result<Vec<Room>, StoreError> {
        self.execute("BEGIN IMMEDIATE")?;
        let mut rooms = self.scan(limits, restart)?;
        if self.former.is_some_and(|former| former.may_have_lost_seqs) {
            rooms.iter_mut().try_for_each(|room| self.skip_ahead(room))?;
        }
        for n in self.index.take_garbage(usize::MAX) {
            let deleted = self.connection.execute("DELETE FROM record WHERE n = ?1", [n]);
            deleted.map_err(|error| self.failed(&error))?;
        }
        self.life.ended = self.clock.now();
        self.life.write(&self.connection).map_err(|error| self.failed(&error))?;
        self.execute("COMMIT")?;
        self.lock.sign(self.life.number)?;
        self.room_memory_bytes = limits.room_memory_bytes as u64;
        self.is_restored = true;
        Ok(rooms)
    }

    /// Starts the thread that writes, and hands the store to it.
    ///
    /// # Errors
    /// If there can be no more threads, or the rooms were not restored before.
    pub(crate) fn start(self, listener: Box<dyn Listener>) -> io::Result<SqliteJournal> {
        if !self.is_restored {
            return Err(io::Error::other("the rooms of the store were not restored"));
        }
        SqliteJournal::start(self, listener)
    }

    /// Reads all rows and makes the rooms that are open.
    fn scan(&mut self, limits: &Limits, restart: Restart) -> Result<Vec<Room>, StoreError> {
        let mut restorers = HashMap::new();
        let mut last_rows = HashMap::new();
        let (path, index, next) = (&self.path, &mut self.index, &mut self.next);
        each_row(&self.connection, path, |row| {
            let restorer = match restorers.entry(row.room) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(RoomRestorer::new(row.room, limits.clone())),
            };
            let incomplete = |reason| StoreError::IncompleteRoom {
                path: path.clone(),
                room: row.room,
                row: row.n,
                reason,
            };
            let has_checkpoint = apply(restorer, row.bytes).map_err(incomplete)?;
            index.add(row, Contents { has_checkpoint, oldest_seq: 0, is_end: restorer.is_closed() });
            last_rows.insert(row.room, row.n);
            *next = row.n + 1;
            Ok(())
        })?;
        let mut rooms = Vec::with_capacity(restorers.len());
        for (room, restorer) in restorers {
            let row = last_rows.get(&room).copied().unwrap_or_default();
            let incomplete =
                |reason| StoreError::IncompleteRoom { path: self.path.clone(), room, row, reason };
            rooms.extend(restorer.finish(restart).map_err(incomplete)?);
        }
        Ok(rooms)
    }

    /// Makes a room skip ahead, and writes that.
    fn skip_ahead(&mut self, room: &mut Room) -> Result<(), StoreError> {
        room.skip_ahead();
        if let Some((bytes, mark)) = room.take_staged() {
            let row = Row { n: self.next, room: room.id(), last_seq: mark.seq, bytes: &bytes };
            insert(&self.connection, &row).map_err(|error| self.failed(&error))?;
            let oldest_seq = mark.seq + 1;
            self.index.add(&row, Contents { has_checkpoint: true, oldest_seq, is_end: false });
            self.next += 1;
            room.committed(mark);
        }
        Ok(())
    }

    fn execute(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::of_sqlite(&self.path, error)
    }

    /// Whether commits must have reached the disk.
    pub(super) fn sync(&self) -> SyncMode {
        self.life.sync
    }
}

/// Adds a row.
fn insert(connection: &Connection, row: &Row<'_>) -> rusqlite::Result<()> {
    let values = params![row.n, row.room.to_bytes(), row.last_seq.cast_signed(), row.checksum(), row.bytes];
    connection.execute(INSERT, values).map(drop)
}

/// The statement that adds a row.
pub(super) const INSERT: &str =
    "INSERT INTO record (n, room, last_seq, checksum, bytes) VALUES (?1, ?2, ?3, ?4, ?5)";

/// Repeats what the records of a row say. Returns whether a checkpoint is among them.
fn apply(restorer: &mut RoomRestorer, bytes: &[u8]) -> Result<bool, RestoreError> {
    let mut has_checkpoint = false;
    for record in Records::new(bytes) {
        let record: Record<'_> = record.map_err(|error: RecordError| error)?;
        has_checkpoint |= matches!(record, Record::Checkpoint(_));
        restorer.apply(&record)?;
    }
    Ok(has_checkpoint)
}

/// Calls `take` for each row of a store in order, once its checksum is found right.
pub(super) fn each_row(
    connection: &Connection,
    path: &Path,
    mut take: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let failed = |error| StoreError::of_sqlite(path, &error);
    let sql = "SELECT n, room, last_seq, checksum, bytes FROM record ORDER BY n";
    let mut statement = connection.prepare(sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(columns) = rows.next().map_err(failed)? {
        let n: i64 = columns.get(0).map_err(failed)?;
        let damaged = |reason: &str| StoreError::Damaged {
            path: path.to_owned(),
            reason: format!("row {n} has no {reason}"),
        };
        let room: [u8; 16] = columns.get(1).map_err(|_| damaged("room"))?;
        let last_seq: i64 = columns.get(2).map_err(|_| damaged("seq"))?;
        let checksum: i64 = columns.get(3).map_err(|_| damaged("checksum"))?;
        let bytes = columns.get_ref(4).map_err(failed)?.as_blob().map_err(|_| damaged("records"))?;
        let room = RoomId::from_bytes(room);
        let row = Row { n, room, last_seq: last_seq.cast_unsigned(), bytes };
        if i64::from(row.checksum()) != checksum {
            return Err(StoreError::DamagedRow { path: path.to_owned(), room, row: n });
        }
        take(&row)?;
    }
    Ok(())
}

/// Makes the directory, for nobody but this user.
fn make_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)?;
    match fs::canonicalize(directory)?.parent() {
        Some(parent) => sync_directory(parent),
        None => Ok(()),
    }
}

/// Makes the names in a directory last.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

/// A number that no other life has.
pub(super) fn random() -> u64 {
    getrandom::u64().expect("the operating system has randomness")
}
