//! What writes into the store: groups of records, and what keeps the file small.
//!
//! With `--sync disk` a thread of the store commits, which waits for the disk. With `--sync os` a
//! commit needs no disk, and takes less time than waking a thread: so whoever pushes commits what
//! waits, and the thread looks after the file. A second thread brings the WAL into the file.

mod checkpointer;
pub(super) mod group;
mod queue;
pub(super) mod shared;
pub(super) mod thread;
mod upkeep;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rtbroadcaster_protocol::RoomId;
use rusqlite::Connection;

use super::counts::Counters;
use super::error::StoreError;
use super::file::index::Index;
use super::file::life::{Life, LifeClock};
use super::file::lock::DirectoryLock;
use super::file::row::{self, Row};
use super::settings::SyncMode;
use super::store::{self, Store};
use crate::journal::{Listener, Staged};
use group::Draft;
use upkeep::{IDLE_AFTER, Upkeep};

/// A group that could grow waits at most this long.
const MAX_GATHERING: Duration = Duration::from_millis(1);

/// A group has no more bytes than this, unless a single push has: what waits behind it is told
/// earlier what is kept.
const MAX_GROUP_BYTES: usize = 8 * 1024 * 1024;

/// How often the store notes that the process lives.
const LIFE_EVERY: Duration = Duration::from_secs(5);

/// How often the thread looks whether a moment is idle, while others commit.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Beyond this many rows that are needed no more, each group deletes some.
const MAX_GARBAGE: usize = 4_096;

const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
const DELETE: &str = "DELETE FROM record WHERE n = ?1";

/// Writes into a store. One thread at a time has it.
#[derive(Debug)]
pub(super) struct Writer {
    connection: Connection,
    lock: DirectoryLock,
    counters: Arc<Counters>,
    listener: Arc<dyn Listener>,
    index: Index,
    /// The number of the next row.
    next: i64,
    life: Life,
    clock: LifeClock,
    sync: SyncMode,
    upkeep: Upkeep,
    /// Whether the WAL should go into the file beside the commits.
    wants_checkpoint: bool,
    life_written: Instant,
    /// When the last commit ended, and how long it took.
    last_commit: (Instant, Duration),
}

impl Writer {
    /// Goes on with a store whose rooms were restored. The listener hears what is kept.
    pub(super) fn new(
        store: Store,
        listener: Arc<dyn Listener>,
        counters: Arc<Counters>,
    ) -> rusqlite::Result<Self> {
        let sync = store.sync();
        let Store { connection, lock, life, clock, index, next, room_memory_bytes, .. } = store;
        if sync == SyncMode::Os {
            connection.pragma_update(None, "synchronous", "NORMAL")?;
        }
        Ok(Self {
            connection,
            lock,
            counters,
            listener,
            index,
            next,
            life,
            clock,
            sync,
            upkeep: Upkeep::new(sync, room_memory_bytes),
            wants_checkpoint: false,
            life_written: Instant::now(),
            last_commit: (Instant::now(), Duration::ZERO),
        })
    }

    /// Looks at what is there.
    fn begin(&mut self) -> rusqlite::Result<()> {
        self.counters.rooms.store(self.index.rooms() as u64, Ordering::Relaxed);
        self.upkeep.measure(&self.connection, &self.counters)
    }

    /// How long the thread should wait before there is something else to do.
    fn patience(&self) -> Duration {
        let until_life = LIFE_EVERY.saturating_sub(self.life_written.elapsed());
        let until_life = if self.index.rooms() > 0 { until_life } else { Duration::MAX };
        self.upkeep.patience(self.index.garbage()).min(until_life)
    }

    /// How long what waits should wait for more.
    fn gathering(&self) -> Duration {
        let (ended, took) = self.last_commit;
        took.min(MAX_GATHERING).saturating_sub(ended.elapsed())
    }

    /// Writes what was pushed, in one group or in several.
    fn write(&mut self, staged: Vec<Staged>) -> rusqlite::Result<()> {
        let mut waiting = staged.into_iter().peekable();
        while waiting.peek().is_some() {
            let mut bytes = 0;
            let mut has_space = |staged: &Staged| {
                // No push is empty.
                let fits = bytes == 0 || bytes + staged.bytes.len() <= MAX_GROUP_BYTES;
                bytes += if fits { staged.bytes.len() } else { 0 };
                fits
            };
            let group = group::rows(std::iter::from_fn(|| waiting.next_if(&mut has_space)));
            self.commit(&group)?;
            self.counters.backlog_bytes.fetch_sub(bytes as u64, Ordering::Relaxed);
            self.listener.kept(&group::marks(&group));
            self.ask_for_checkpoints(&group);
            self.upkeep.measure_wal_if_due(&self.connection, &self.counters)?;
        }
        Ok(())
    }

    /// Commits a group. After an error nothing of it counts as kept.
    fn commit(&mut self, group: &[Draft]) -> rusqlite::Result<()> {
        let started = Instant::now();
        let rows = self.number(group);
        self.execute(BEGIN)?;
        let mut insert = self.connection.prepare_cached(row::INSERT)?;
        rows.iter().try_for_each(|row| row.insert(&mut insert))?;
        drop(insert);
        if self.index.garbage() > MAX_GARBAGE {
            self.delete_garbage(self.index.garbage() / 16)?;
        }
        if self.life_written.elapsed() >= LIFE_EVERY {
            self.write_life()?;
        }
        self.execute(COMMIT)?;
        self.note_commit(group, &rows, started);
        Ok(())
    }

    /// Gives the rows of a group their places.
    fn number<'a>(&self, group: &'a [Draft]) -> Vec<Row<'a>> {
        let written_ms = self.clock.now_ms();
        // Of rooms with several rows in this group.
        let mut last_rows: HashMap<RoomId, i64> = HashMap::new();
        let number = |(n, draft): (i64, &'a Draft)| Row {
            n,
            room: draft.room,
            previous: last_rows.insert(draft.room, n).unwrap_or_else(|| self.index.last_row(draft.room)),
            last_seq: draft.mark.seq,
            written_ms,
            bytes: &draft.bytes,
        };
        (self.next..).zip(group).map(number).collect()
    }

    fn note_commit(&mut self, group: &[Draft], rows: &[Row<'_>], started: Instant) {
        rows.iter().zip(group).for_each(|(row, draft)| self.index.add(row, draft.contents));
        let bytes = rows.iter().map(|row| row.bytes.len() as u64).sum();
        self.next += rows.len() as i64;
        self.last_commit = (Instant::now(), started.elapsed());
        self.upkeep.note_written(bytes);
        let counters = &self.counters;
        counters.commits.fetch_add(1, Ordering::Relaxed);
        counters.rows.fetch_add(rows.len() as u64, Ordering::Relaxed);
        counters.bytes.fetch_add(bytes, Ordering::Relaxed);
        counters.latency.observe(u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX));
        counters.rooms.store(self.index.rooms() as u64, Ordering::Relaxed);
    }

    fn ask_for_checkpoints(&mut self, group: &[Draft]) {
        let due: Vec<_> = group
            .iter()
            .map(|draft| draft.room)
            .filter(|room| self.index.ask_for_checkpoint(*room))
            .collect();
        if !due.is_empty() {
            self.listener.checkpoints_due(&due);
        }
    }

    /// Whether there is something to do for the file that can't wait for an idle moment.
    fn is_upkeep_urgent(&self) -> bool {
        self.upkeep.is_measurement_due() || self.upkeep.is_checkpoint_due()
    }

    /// Whether nothing can be written until the WAL is in the file. That was asked for before.
    fn is_wal_full(&self) -> bool {
        self.upkeep.is_wal_full()
    }

    /// Whether there is something to do for the file, sooner or later.
    fn has_upkeep(&self) -> bool {
        self.patience() < Duration::MAX
    }

    /// Does what is urgent for the file.
    fn keep_up(&mut self) -> rusqlite::Result<()> {
        if self.upkeep.is_checkpoint_due() {
            self.want_checkpoint();
        }
        if self.upkeep.is_measurement_due() {
            self.upkeep.measure(&self.connection, &self.counters)?;
            self.shrink()?;
        }
        Ok(())
    }

    fn want_checkpoint(&mut self) {
        self.upkeep.note_checkpoint_asked();
        self.wants_checkpoint = true;
    }

    /// Whether the WAL should go into the file beside the commits. Says so once.
    fn takes_checkpoint(&mut self) -> bool {
        std::mem::take(&mut self.wants_checkpoint)
    }

    /// Brings the WAL into the file by this connection, which nobody else uses.
    fn checkpoint(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.upkeep.checkpoint(connection, &self.counters)
    }

    /// Makes the file smaller, if it is larger than it should be: now, although rooms wait.
    fn shrink(&mut self) -> rusqlite::Result<()> {
        let excess = self.upkeep.excess_bytes();
        if excess == 0 {
            return Ok(());
        }
        let oldest = self.index.ask_oldest_for_checkpoints(excess);
        if !oldest.is_empty() {
            self.listener.checkpoints_due(&oldest);
        }
        self.delete_in_transaction(usize::MAX)?;
        self.upkeep.vacuum(&self.connection)
    }

    /// Does what can wait for a moment in which nobody commits, if this is one. Returns how long
    /// the thread should sleep.
    fn rest(&mut self) -> rusqlite::Result<Duration> {
        let since_commit = self.last_commit.0.elapsed();
        if since_commit < IDLE_AFTER {
            let least = if self.sync == SyncMode::Os { LOOK_EVERY } else { IDLE_AFTER - since_commit };
            return Ok(self.patience().max(least));
        }
        self.delete_in_transaction(self.upkeep.rows_per_idle_moment())?;
        if self.life_written.elapsed() >= LIFE_EVERY && self.index.rooms() > 0 {
            self.write_life()?;
        }
        if self.upkeep.idle(&self.connection, &self.counters)? {
            self.want_checkpoint();
        }
        Ok(self.patience())
    }

    fn delete_in_transaction(&mut self, rows: usize) -> rusqlite::Result<()> {
        if self.index.garbage() == 0 {
            return Ok(());
        }
        self.execute(BEGIN)?;
        self.delete_garbage(rows)?;
        self.execute(COMMIT)
    }

    fn delete_garbage(&mut self, rows: usize) -> rusqlite::Result<()> {
        let mut delete = self.connection.prepare_cached(DELETE)?;
        for n in self.index.take_garbage(rows) {
            delete.execute([n])?;
        }
        Ok(())
    }

    /// Notes that the process lives.
    fn write_life(&mut self) -> rusqlite::Result<()> {
        self.life.ended = self.clock.now();
        self.life_written = Instant::now();
        self.life.write(&self.connection)
    }

    fn execute(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(statement)?.execute([]).map(drop)
    }

    /// Ends the store in order.
    fn end(mut self) -> rusqlite::Result<Result<(), StoreError>> {
        self.delete_in_transaction(usize::MAX)?;
        (self.life.number, self.life.is_clean) = (store::random(), true);
        self.write_life()?;
        self.upkeep.end(&self.connection)?;
        // Another number: whoever puts an older copy in the place of the file brings an older one.
        Ok(self.lock.sign(self.life.number))
    }
}
