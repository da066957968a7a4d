//! The thread that writes: groups of records, and what keeps the file small.

pub(super) mod group;
mod queue;
pub(super) mod shared;
mod upkeep;

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rtbroadcaster_protocol::RoomId;
use rusqlite::{Connection, Statement};

use super::error::StoreError;
use super::file::index::Index;
use super::file::life::{Life, LifeClock};
use super::file::row::{self, Row};
use super::settings::SyncMode;
use super::store::{self, Store};
use crate::journal::{Listener, Staged};
use group::Draft;
use queue::Closed;
use shared::Shared;
use upkeep::Upkeep;

/// A group that could grow waits at most this long.
const MAX_GATHERING: Duration = Duration::from_millis(1);

/// Nobody waits for less: a thread can't sleep for so short a time, and so quick a commit is cheap.
const MIN_GATHERING: Duration = Duration::from_micros(100);

/// A group has no more bytes than this, unless a single push has: what waits behind it is told
/// earlier what is kept.
const MAX_GROUP_BYTES: usize = 8 * 1024 * 1024;

/// How often the store notes that the process lives.
const LIFE_EVERY: Duration = Duration::from_secs(5);

/// Beyond this many rows that are needed no more, each group deletes some.
const MAX_GARBAGE: usize = 4_096;

/// Writes what is pushed until the queue is closed, and then ends the store in order.
pub(crate) fn run(store: Store, shared: &Shared, listener: &dyn Listener) -> Result<(), StoreError> {
    let path = store.path.clone();
    let failed = |error: rusqlite::Error| StoreError::of_sqlite(&path, &error);
    let sync = store.sync();
    let Store { connection, mut lock, life, clock, index, next, room_memory_bytes, .. } = store;
    if sync == SyncMode::Os {
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(failed)?;
    }
    let statements = Statements::prepare(&connection).map_err(failed)?;
    let mut writer = Writer {
        connection: &connection,
        statements,
        shared,
        listener,
        index,
        next,
        life,
        clock,
        upkeep: Upkeep::new(sync, room_memory_bytes),
        life_written: Instant::now(),
        last_commit: (Instant::now(), Duration::ZERO),
    };
    writer.run().map_err(failed)?;
    let life = writer.end().map_err(failed)?;
    // Another number: whoever puts an older copy in the place of the file brings an older one.
    lock.sign(life.number)
}

#[derive(Debug)]
struct Writer<'a> {
    connection: &'a Connection,
    statements: Statements<'a>,
    shared: &'a Shared,
    listener: &'a dyn Listener,
    index: Index,
    /// The number of the next row.
    next: i64,
    life: Life,
    clock: LifeClock,
    upkeep: Upkeep,
    life_written: Instant,
    /// When the last commit ended, and how long it took.
    last_commit: (Instant, Duration),
}

#[derive(Debug)]
struct Statements<'a> {
    begin: Statement<'a>,
    insert: Statement<'a>,
    delete: Statement<'a>,
    commit: Statement<'a>,
}

impl<'a> Statements<'a> {
    fn prepare(connection: &'a Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            insert: connection.prepare(row::INSERT)?,
            delete: connection.prepare("DELETE FROM record WHERE n = ?1")?,
            commit: connection.prepare("COMMIT")?,
        })
    }
}

impl Writer<'_> {
    fn run(&mut self) -> rusqlite::Result<()> {
        self.upkeep.measure(self.connection, &self.shared.counters)?;
        self.shared.counters.rooms.store(self.index.rooms() as u64, Ordering::Relaxed);
        loop {
            match self.shared.queue.take(self.patience()) {
                Err(Closed) => return Ok(()),
                Ok(staged) if staged.is_empty() => self.idle()?,
                Ok(staged) => self.write(staged)?,
            }
        }
    }

    /// How long to wait for the next push before there is something else to do.
    fn patience(&self) -> Duration {
        let until_life = LIFE_EVERY.saturating_sub(self.life_written.elapsed());
        let until_life = if self.index.rooms() > 0 { until_life } else { Duration::MAX };
        self.upkeep.patience(self.index.garbage()).min(until_life)
    }

    /// Writes what was pushed, in one group or in several.
    fn write(&mut self, mut staged: Vec<Staged>) -> rusqlite::Result<()> {
        // More than one has come while the last commit ran, so more will come while this one waits.
        // It waits as long as that commit took: half of the commits, and little is added.
        let (ended, took) = self.last_commit;
        let gathering = took.min(MAX_GATHERING).saturating_sub(ended.elapsed());
        if staged.len() > 1 && gathering >= MIN_GATHERING {
            thread::sleep(gathering);
            staged.extend(self.shared.queue.take(Duration::ZERO).unwrap_or_default());
        }
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
            let counters = &self.shared.counters;
            counters.backlog_bytes.fetch_sub(bytes as u64, Ordering::Relaxed);
            self.listener.kept(&group::marks(&group));
            self.ask_for_checkpoints(&group);
            self.keep_up()?;
        }
        Ok(())
    }

    /// Commits a group. After an error nothing of it counts as kept.
    fn commit(&mut self, group: &[Draft]) -> rusqlite::Result<()> {
        let started = Instant::now();
        let rows = self.number(group);
        self.statements.begin.execute([])?;
        rows.iter().try_for_each(|row| row.insert(&mut self.statements.insert))?;
        if self.index.garbage() > MAX_GARBAGE {
            self.delete_garbage(self.index.garbage() / 16)?;
        }
        if self.life_written.elapsed() >= LIFE_EVERY {
            self.write_life()?;
        }
        self.statements.commit.execute([])?;
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
        let counters = &self.shared.counters;
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

    /// Does after a group what can't wait for an idle moment.
    fn keep_up(&mut self) -> rusqlite::Result<()> {
        let counters = &self.shared.counters;
        self.upkeep.checkpoint_if_due(self.connection, counters)?;
        if self.upkeep.is_measurement_due() {
            self.upkeep.measure(self.connection, counters)?;
            self.shrink()?;
        }
        Ok(())
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
        self.upkeep.vacuum(self.connection)
    }

    /// Does what can wait for a moment in which nobody pushes.
    fn idle(&mut self) -> rusqlite::Result<()> {
        self.delete_in_transaction(self.upkeep.rows_per_idle_moment())?;
        if self.life_written.elapsed() >= LIFE_EVERY && self.index.rooms() > 0 {
            self.write_life()?;
        }
        self.upkeep.idle(self.connection, &self.shared.counters)
    }

    fn delete_in_transaction(&mut self, rows: usize) -> rusqlite::Result<()> {
        if self.index.garbage() == 0 {
            return Ok(());
        }
        self.statements.begin.execute([])?;
        self.delete_garbage(rows)?;
        self.statements.commit.execute([])?;
        Ok(())
    }

    fn delete_garbage(&mut self, rows: usize) -> rusqlite::Result<()> {
        for n in self.index.take_garbage(rows) {
            self.statements.delete.execute([n])?;
        }
        Ok(())
    }

    /// Notes that the process lives.
    fn write_life(&mut self) -> rusqlite::Result<()> {
        self.life.ended = self.clock.now();
        self.life_written = Instant::now();
        self.life.write(self.connection)
    }

    /// Ends the store in order.
    fn end(&mut self) -> rusqlite::Result<Life> {
        self.delete_in_transaction(usize::MAX)?;
        (self.life.number, self.life.is_clean) = (store::random(), true);
        self.write_life()?;
        self.upkeep.end(self.connection)?;
        Ok(self.life.clone())
    }
}
