//! What keeps the file and its WAL small.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode};
use tracing::warn;

use super::super::counts::Counters;
use super::super::file::database;
use super::super::settings::SyncMode;

/// After so long without a commit the moment counts as idle.
pub(super) const IDLE_AFTER: Duration = Duration::from_millis(20);

/// In an idle moment so many rows are deleted at once. A push that comes meanwhile waits for it.
const ROWS_PER_IDLE_MOMENT: usize = 512;

/// From this size on the WAL goes into the file in an idle moment.
const WAL_IDLE_BYTES: u64 = 1024 * 1024;

/// From this size on the WAL goes into the file at once, beside what is written.
const WAL_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// From this size on nothing is written until the WAL is in the file.
const WAL_FULL_BYTES: u64 = 2 * WAL_MAX_BYTES;

/// With [`SyncMode::Os`] the WAL goes to the disk at least so often: a loss of power costs no more.
const WAL_EVERY: Duration = Duration::from_secs(5);

/// A reader that keeps the WAL from going into the file is asked for so seldom.
const HELD_BACK_RETRY: Duration = Duration::from_secs(1);

/// How often the log says so.
const HELD_BACK_WARN: Duration = Duration::from_secs(60);

/// The header of each page in the WAL has so many bytes.
const WAL_FRAME_HEADER_BYTES: u64 = 24;

/// The size of the WAL is looked at whenever so many groups were written, or so many bytes.
const WAL_MEASURE_EVERY_GROUPS: u64 = 64;
const WAL_MEASURE_EVERY_BYTES: u64 = 64 * 1024;

/// The size of the file is looked at whenever so much was written.
const MEASURE_EVERY_BYTES: u64 = 1024 * 1024;

/// So many free pages are given back at once: more than are written between two measurements.
const VACUUM_PAGES: u64 = 1_024;

/// Fewer free pages stay, because rows will need them.
const FREE_PAGES_KEPT: u64 = 1_024;

/// When to do what for the file.
#[derive(Debug)]
pub(crate) struct Upkeep {
    sync: SyncMode,
    room_memory_bytes: u64,
    /// Written since the file was measured.
    written: u64,
    /// Groups that were written since the WAL was measured.
    groups: u64,
    /// Written since the WAL was measured.
    written_to_wal: u64,
    page_bytes: u64,
    pages: u64,
    free_pages: u64,
    /// Bytes of the WAL that are not in the file yet.
    wal_bytes: u64,
    last_checkpoint: Instant,
    /// Whether a checkpoint was asked for and has not come to its end.
    is_checkpoint_asked: bool,
    /// When a reader last held back a checkpoint.
    held_back: Option<Instant>,
    warned: Option<Instant>,
}

impl Upkeep {
    pub(crate) fn new(sync: SyncMode, room_memory_bytes: u64) -> Self {
        Self {
            sync,
            room_memory_bytes,
            written: 0,
            groups: 0,
            written_to_wal: 0,
            page_bytes: 0,
            pages: 0,
            free_pages: 0,
            wal_bytes: 0,
            last_checkpoint: Instant::now(),
            is_checkpoint_asked: false,
            held_back: None,
            warned: None,
        }
    }

    pub(crate) fn rows_per_idle_moment(&self) -> usize {
        ROWS_PER_IDLE_MOMENT
    }

    /// How long to wait for the next push before there is something to do. `garbage` is the number
    /// of rows that are needed no more.
    pub(crate) fn patience(&self, garbage: usize) -> Duration {
        if garbage > 0 || self.should_vacuum() || (self.wal_bytes >= WAL_IDLE_BYTES && !self.is_held_back()) {
            IDLE_AFTER
        } else if self.wal_bytes >= WAL_IDLE_BYTES {
            HELD_BACK_RETRY
        } else if self.sync == SyncMode::Os && self.wal_bytes > 0 {
            WAL_EVERY.saturating_sub(self.last_checkpoint.elapsed()).max(IDLE_AFTER)
        } else {
            Duration::MAX
        }
    }

    /// Notes that a group was written.
    pub(crate) fn note_written(&mut self, bytes: u64) {
        self.written += bytes;
        self.written_to_wal += bytes;
        self.groups += 1;
        // At least so much, until it is measured.
        self.wal_bytes += self.page_bytes + bytes;
    }

    pub(crate) fn is_measurement_due(&self) -> bool {
        self.written >= MEASURE_EVERY_BYTES
    }

    /// Looks at the size of the file.
    pub(crate) fn measure(&mut self, connection: &Connection, counters: &Counters) -> rusqlite::Result<()> {
        let number = |pragma| database::number(connection, pragma).map(i64::cast_unsigned);
        self.page_bytes = number("page_size")?;
        self.pages = number("page_count")?;
        self.free_pages = number("freelist_count")?;
        self.written = 0;
        counters.file_bytes.store(self.pages * self.page_bytes, Ordering::Relaxed);
        self.measure_wal(connection, counters)
    }

    fn measure_wal(&mut self, connection: &Connection, counters: &Counters) -> rusqlite::Result<()> {
        (self.groups, self.written_to_wal) = (0, 0);
        let (frames, done) = connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::NOOP)?;
        self.note_wal(frames, done, counters);
        Ok(())
    }

    fn note_wal(&mut self, frames: i32, done: i32, counters: &Counters) {
        // Once all of it is in the file, it is written anew from its start.
        let frames = if done >= frames { 0 } else { u64::try_from(frames).unwrap_or_default() };
        self.wal_bytes = frames * (self.page_bytes + WAL_FRAME_HEADER_BYTES);
        counters.wal_bytes.store(self.wal_bytes, Ordering::Relaxed);
    }

    /// Looks at the size of the WAL, if much was written since it was last looked at.
    pub(crate) fn measure_wal_if_due(
        &mut self,
        connection: &Connection,
        counters: &Counters,
    ) -> rusqlite::Result<()> {
        if self.groups >= WAL_MEASURE_EVERY_GROUPS || self.written_to_wal >= WAL_MEASURE_EVERY_BYTES {
            self.measure_wal(connection, counters)?;
        }
        Ok(())
    }

    /// Whether the WAL should go into the file and nobody does that yet.
    pub(crate) fn is_checkpoint_due(&self) -> bool {
        !self.is_checkpoint_asked
            && !self.is_held_back()
            && (self.wal_bytes >= WAL_MAX_BYTES || (self.is_wal_old() && self.wal_bytes > 0))
    }

    /// Whether the WAL must go into the file before anything else is written, as was asked for.
    pub(crate) fn is_wal_full(&self) -> bool {
        self.wal_bytes >= WAL_FULL_BYTES && self.is_checkpoint_asked
    }

    /// Notes that somebody was asked to bring the WAL into the file.
    pub(crate) fn note_checkpoint_asked(&mut self) {
        self.is_checkpoint_asked = true;
    }

    fn is_wal_old(&self) -> bool {
        self.sync == SyncMode::Os && self.last_checkpoint.elapsed() >= WAL_EVERY
    }

    fn is_held_back(&self) -> bool {
        self.held_back.is_some_and(|at| at.elapsed() < HELD_BACK_RETRY)
    }

    /// Brings the WAL into the file, as far as readers allow.
    pub(crate) fn checkpoint(
        &mut self,
        connection: &Connection,
        counters: &Counters,
    ) -> rusqlite::Result<()> {
        self.is_checkpoint_asked = false;
        if self.is_held_back() {
            return Ok(());
        }
        self.last_checkpoint = Instant::now();
        let is_complete = match connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE) {
            Ok((frames, done)) => {
                self.note_wal(frames, done, counters);
                done >= frames
            }
            // Another program does the same at this moment.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => false,
            Err(error) => return Err(error),
        };
        self.held_back = (!is_complete).then(Instant::now);
        if !is_complete {
            counters.held_back.fetch_add(1, Ordering::Relaxed);
            self.warn_of_reader();
        }
        Ok(())
    }

    fn warn_of_reader(&mut self) {
        let is_large = self.wal_bytes >= WAL_FULL_BYTES;
        if is_large && self.warned.is_none_or(|at| at.elapsed() >= HELD_BACK_WARN) {
            self.warned = Some(Instant::now());
            warn!(
                wal_bytes = self.wal_bytes,
                "another program reads the store for so long that its WAL grows: end that program's transaction"
            );
        }
    }

    /// By how many bytes the rows in the file are more than they should be.
    pub(crate) fn excess_bytes(&self) -> u64 {
        let used = (self.pages - self.free_pages) * self.page_bytes;
        let excess = used.saturating_sub(self.room_memory_bytes.saturating_mul(2));
        if self.is_file_large() { excess.max(1) } else { excess }
    }

    fn is_file_large(&self) -> bool {
        self.pages * self.page_bytes > self.room_memory_bytes.saturating_mul(2)
    }

    fn should_vacuum(&self) -> bool {
        self.free_pages > FREE_PAGES_KEPT.max(self.pages / 4) || (self.is_file_large() && self.free_pages > 0)
    }

    /// Does what can wait for an idle moment. Returns whether a checkpoint should be asked for.
    pub(crate) fn idle(&mut self, connection: &Connection, counters: &Counters) -> rusqlite::Result<bool> {
        self.measure(connection, counters)?;
        if self.should_vacuum() {
            self.vacuum(connection)?;
            self.measure(connection, counters)?;
        }
        let is_large = self.wal_bytes >= WAL_IDLE_BYTES && !self.is_checkpoint_asked && !self.is_held_back();
        Ok(is_large || self.is_checkpoint_due())
    }

    /// Gives some free pages back to the file system.
    pub(crate) fn vacuum(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({VACUUM_PAGES})"))?;
        let mut rows = statement.query([])?;
        // Each step gives one page back.
        while rows.next()?.is_some() {}
        Ok(())
    }

    /// Brings everything into the file. A reader may keep it from that: then the WAL stays, and the
    /// next process reads it.
    pub(crate) fn end(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.busy_timeout(Duration::from_millis(500))?;
        match connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::TRUNCATE) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(()),
            result => result.map(drop),
        }
    }
}
