//! Makes rooms of all rows of a store, on two threads: one reads rows and checks them, the other
//! repeats what they say. Each takes about as long.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::{mem, panic, thread};

use rtbroadcaster_protocol::Limits;
use rusqlite::Connection;

use super::error::StoreError;
use super::file::batch::Batch;
use super::file::index::RoomRows;
use super::file::row;
use super::file::scan::{Scan, Scanned};

/// Batches that wait for the thread that repeats them. It bounds the memory that they take.
const MAX_WAITING_BATCHES: usize = 4;

/// All rooms of a store, the closed ones too.
#[derive(Debug, Default)]
pub(super) struct Restored {
    pub(super) rooms: Vec<(Scanned, RoomRows)>,
    /// The number of the last row; 0 if there is none.
    pub(super) last_row: i64,
}

/// Reads all rows. Of several errors, the one of the earliest row is returned.
pub(super) fn restore(connection: &Connection, path: &Path, limits: &Limits) -> Result<Restored, StoreError> {
    let (sender, batches) = sync_channel(MAX_WAITING_BATCHES);
    // Used again, or the kernel would give and take the memory of each.
    let (returning, returned) = channel();
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("restore".to_owned());
        let repeating = thread.spawn_scoped(scope, move || repeat(&batches, &returning, path, limits));
        let repeating = repeating.map_err(|error| StoreError::NoThread(error.to_string()))?;
        let read = read(connection, path, &sender, &returned);
        // The other thread waits for more until then.
        drop(sender);
        let repeated = repeating.join().unwrap_or_else(|panic| panic::resume_unwind(panic));
        // It repeats only rows that come before the one at which the reading ended.
        let restored = repeated?;
        read.or_else(|error| error.map_or(Ok(()), Err))?;
        Ok(restored)
    })
}

/// Reads all rows, and sends them. The error is none if nobody takes them: the other thread has
/// ended with an error of its own.
fn read(
    connection: &Connection,
    path: &Path,
    sender: &SyncSender<Batch>,
    returned: &Receiver<Batch>,
) -> Result<(), Option<StoreError>> {
    let mut batch = Batch::default();
    let read = row::each(connection, path, None, |row| {
        batch.push(row);
        if batch.is_full() {
            let next = returned.try_recv().unwrap_or_default();
            sender.send(mem::replace(&mut batch, next)).map_err(|_| None)?;
        }
        Ok(())
    });
    // The rows before an error are repeated too: one of them may have an earlier error.
    sender.send(batch).map_err(|_| None).and(read)
}

/// Repeats what the rows say, until there are no more.
fn repeat(
    batches: &Receiver<Batch>,
    returning: &Sender<Batch>,
    path: &Path,
    limits: &Limits,
) -> Result<Restored, StoreError> {
    let mut scan = Scan::new(path, limits);
    let mut rows: Vec<RoomRows> = Vec::new();
    let mut last_row = 0;
    for mut batch in batches {
        for row in batch.rows() {
            let taken = scan.take(&row)?;
            if taken.position == rows.len() {
                rows.push(RoomRows::default());
            }
            rows[taken.position].add(&row, taken.has_checkpoint);
            last_row = row.n;
        }
        batch.clear();
        // It fails if the last row is read, so that no batch is needed any more.
        let _ = returning.send(batch);
    }
    Ok(Restored { rooms: scan.into_rooms().zip(rows).collect(), last_row })
}
