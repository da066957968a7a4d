//! Brings the WAL into the file while groups are written.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, Scope};

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode};

use super::shared::Shared;

/// So often what is in the WAL goes into the file while the WAL grows. Each time is shorter than
/// the one before, and what the last one leaves is written while nobody else writes: only then does
/// the WAL begin anew.
const PASSES_BESIDE_WRITERS: usize = 2;

/// A thread that brings the WAL into the file when it is asked to. It ends with this handle.
#[derive(Debug)]
pub(super) struct Checkpointer {
    asked: SyncSender<()>,
}

impl Checkpointer {
    /// Starts the thread. `connection` is its own.
    ///
    /// # Errors
    /// If there can be no more threads.
    pub(super) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        shared: &'scope Shared,
        connection: Connection,
    ) -> io::Result<Self> {
        let (asked, asks) = sync_channel(1);
        let thread = Builder::new().name("store file".to_owned());
        thread.spawn_scoped(scope, move || run(shared, &connection, &asks))?;
        Ok(Self { asked })
    }

    /// Has the WAL brought into the file.
    pub(super) fn ask(&self) {
        // If it is full it was asked already. If the thread has ended, the store has failed.
        let _ = self.asked.try_send(());
    }
}

fn run(shared: &Shared, connection: &Connection, asks: &Receiver<()>) {
    while asks.recv().is_ok() {
        let passed = pass_beside_writers(connection);
        let done = shared.with_writer(|writer| {
            passed?;
            writer.checkpoint(connection)
        });
        if done.is_none() {
            return;
        }
        // Who pushed while this thread had the store has left it to others.
        if !shared.queue.is_empty() {
            shared.queue.wake_thread();
        }
    }
}

fn pass_beside_writers(connection: &Connection) -> rusqlite::Result<()> {
    for _ in 0..PASSES_BESIDE_WRITERS {
        match connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE) {
            // Another program does the same at this moment.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
            result => drop(result?),
        }
    }
    Ok(())
}
