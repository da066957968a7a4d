//! The store's own thread: it writes what is left to it, and looks after the file.

use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use super::Writer;
use super::checkpointer::Checkpointer;
use super::queue::Closed;
use super::shared::Shared;
use crate::journal::StoreError;

/// Nobody waits for less: a thread can't sleep for so short a time, and so quick a commit is cheap.
const MIN_GATHERING: Duration = Duration::from_micros(100);

/// Who brings the WAL into the file wakes the thread. This only bounds what a fault can do.
const CHECKPOINT_PATIENCE: Duration = Duration::from_secs(1);

/// Writes until the queue is closed, and then ends the store in order. `second` is another
/// connection to its file.
pub(crate) fn run(shared: &Shared, second: Connection) {
    thread::scope(|scope| match Checkpointer::start(scope, shared, second) {
        // The checkpointer ends with its handle, and the scope waits for it.
        Ok(checkpointer) => look_after(shared, &checkpointer),
        Err(error) => shared.fail(StoreError::NoThread(error.to_string())),
    });
    shared.end();
}

fn look_after(shared: &Shared, checkpointer: &Checkpointer) {
    shared.with_writer(Writer::begin);
    while let Some(attended) = attend(shared, checkpointer) {
        let patience = match attended {
            // Who pushed while this thread had the store has left it to this thread.
            Attended::Idle(_) if !shared.queue.is_empty() => continue,
            Attended::Idle(patience) => patience,
            Attended::WalIsFull => CHECKPOINT_PATIENCE,
        };
        if matches!(shared.queue.sleep(patience), Err(Closed)) {
            return;
        }
    }
}

/// What the thread does next.
#[derive(Debug)]
enum Attended {
    /// It has written what there was. It can sleep for so long.
    Idle(Duration),
    /// It waits until the WAL is in the file.
    WalIsFull,
}

/// Writes what waits, and does what the store needs beside that. None once the store has failed.
fn attend(shared: &Shared, checkpointer: &Checkpointer) -> Option<Attended> {
    loop {
        gather(shared);
        let attended = shared.with_writer(|writer| {
            // At the end the WAL goes into the file in any case.
            if writer.is_wal_full() && !shared.queue.is_closed() {
                return Ok(Some(Attended::WalIsFull));
            }
            let staged = shared.queue.take();
            let is_idle = staged.is_empty();
            writer.write(staged)?;
            writer.keep_up()?;
            let patience = if is_idle { Some(writer.rest()?) } else { None };
            if writer.takes_checkpoint() {
                checkpointer.ask();
            }
            // Noted before somebody else has the store, who may have to wake this thread.
            patience.iter().for_each(|patience| shared.queue.note_patience(*patience));
            Ok(patience.map(Attended::Idle))
        })?;
        if attended.is_some() {
            return attended;
        }
    }
}

/// More than one push has come while the last commit ran, so more will come while these wait. They
/// wait as long as that commit took: half of the commits, and little is added.
fn gather(shared: &Shared) {
    if shared.queue.len() > 1 {
        let gathering = shared.with_writer(|writer| Ok(writer.gathering())).unwrap_or_default();
        if gathering >= MIN_GATHERING {
            thread::sleep(gathering);
        }
    }
}
