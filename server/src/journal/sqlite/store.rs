//! A store: the directory in which rooms outlive the process.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};

use rtbroadcaster_protocol::{Limits, Restart, Room, Timestamp};
use rusqlite::Connection;
use tracing::warn;

use super::error::StoreError;
use super::file::database;
use super::file::index::Index;
use super::file::life::{FormerLife, Life, LifeClock};
use super::file::lock::DirectoryLock;
use super::file::machine;
use super::file::row::{self, Contents, Row};
use super::restoring;
use super::settings::{StoreSettings, SyncMode};

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
    pub(super) is_restored: bool,
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
        let connection = database::open(&path)?;
        if is_new {
            sync_directory(directory).map_err(|error| StoreError::of_io(directory, &error))?;
        }
        let clock = LifeClock::start();
        let boot = machine::boot();
        let former = Life::read(&connection, &path)?;
        let former = former.map(|life| life.seen_from(clock.now(), boot.as_deref(), lock.former_life()));
        let life = Life {
            number: random(),
            boot,
            sync: settings.sync,
            ended: clock.now(),
            is_clean: false,
            last_row: 0,
        };
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
        if self.former.is_some_and(|former| former.may_have_lost_seqs) && !rooms.is_empty() {
            warn!(
                "the machine lost power, or the store is an older copy: actions that were served may be missing from \
                 it. All rooms skip seqs, and their clients get the state that there is"
            );
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

    /// Reads all rows and makes the rooms that are open.
    fn scan(&mut self, limits: &Limits, restart: Restart) -> Result<Vec<Room>, StoreError> {
        let restored = restoring::restore(&self.connection, &self.path, limits)?;
        self.next = restored.last_row + 1;
        let mut rooms = Vec::new();
        for (scanned, rows) in restored.rooms {
            self.index.add_room(scanned.id, rows, scanned.restorer.is_closed());
            rooms.extend(scanned.finish(&self.path, restart)?);
        }
        Ok(rooms)
    }

    /// Makes a room skip ahead, and writes that.
    fn skip_ahead(&mut self, room: &mut Room) -> Result<(), StoreError> {
        room.skip_ahead();
        if let Some((bytes, mark)) = room.take_staged() {
            let row = Row {
                n: self.next,
                room: room.id(),
                previous: self.index.last_row(room.id()),
                last_seq: mark.seq,
                written_ms: self.clock.now_ms(),
                bytes: &bytes,
            };
            let inserted =
                self.connection.prepare(row::INSERT).and_then(|mut insert| row.insert(&mut insert));
            inserted.map_err(|error| self.failed(&error))?;
            let oldest_seq = room.oldest_seq();
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
