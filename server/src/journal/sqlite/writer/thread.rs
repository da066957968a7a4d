//! The store's own thread: it writes what is left to it, and looks after the file.

use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use super::Writer;
use super::checkpointer::Checkpointer;
use super::queue::Closed;
use super::shared::Shared;

/// Nobody waits for less: a thread can't sleep for so short a time, and so quick a commit is cheap.
const MIN_GATHERING: Duration = Duration::from_micros(100);

/// Who brings the WAL into the file wakes the thread. This only bounds what a fault can do.
const CHECKPOINT_PATIENCE: Duration = Duration::from_secs(1);

/// Writes until the queue is closed, and then ends the store in order. `second` is another
/// connection to its file.
pub(crate) fn run(shared: &Shared, second: Connection) {
    thread::scope(|scope| {
        let checkpointer = Checkpointer::start(scope, shared, second);
        shared.guarded(|| shared.writer().as_mut().map_or(Ok(()), Writer::begin));
        while let Some(attended) = shared.guarded(|| attend(shared, &checkpointer)) {
            let patience = match attended {
                // Who pushed while this thread had the store has left it to this thread.
                Attended::Idle(_) if !shared.queue.is_empty() => continue,
                Attended::Idle(patience) => patience,
                Attended::WalIsFull => CHECKPOINT_PATIENCE,
            };
            if matches!(shared.queue.sleep(patience), Err(Closed)) {
                break;
            }
        }
        // The checkpointer ends with its handle, and the scope waits for it.
        drop(checkpointer);
    });
    let Some(writer) = shared.writer().take() else { return };
    if shared.failure().is_none()
        && let Some(Err(error)) = shared.guarded(|| writer.end())
    {
        shared.fail(error);
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

/// Writes what waits, and does what the store needs beside that.
fn attend(shared: &Shared, checkpointer: &Checkpointer) -> rusqlite::Result<Attended> {
    loop {
        gather(shared);
        let mut guard = shared.writer();
        let Some(writer) = &mut *guard else { return Ok(Attended::Idle(Duration::MAX)) };
        // At the end the WAL goes into the file in any case.
        if writer.is_wal_full() && !shared.queue.is_closed() {
            return Ok(Attended::WalIsFull);
        }
        let staged = shared.queue.take();
        let is_idle = staged.is_empty();
        writer.write(staged)?;
        writer.keep_up()?;
        let patience = if is_idle { Some(writer.rest()?) } else { None };
        if writer.takes_checkpoint() {
            checkpointer.ask();
        }
        if let Some(patience) = patience {
            return Ok(Attended::Idle(patience));
        }
    }
}

/// More than one push has come while the last commit ran, so more will come while these wait. They
/// wait as long as that commit took: half of the commits, and little is added.
fn gather(shared: &Shared) {
    if shared.queue.len() > 1 {
        let gathering = shared.writer().as_ref().map_or(Duration::ZERO, Writer::gathering);
        if gathering >= MIN_GATHERING {
            thread::sleep(gathering);
        }
    }
}
