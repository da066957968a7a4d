//! Writes the log in a thread of its own, so that nothing waits for whoever reads it. Lines that
//! are not read in time are dropped and counted.
//!
//! The crate `tracing-appender` does the same, but prints to stdout at its end, which hangs where
//! stdout and stderr are one pipe that nobody reads; and it bounds lines, not bytes.

use std::collections::VecDeque;
use std::io::{self, Write, stderr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes of lines that may wait for the log's reader. A burst of some 5,000 lines fits.
const MAX_WAITING_BYTES: usize = 1024 * 1024;

/// The writer of the log. Clones write to the same log.
#[derive(Debug, Clone)]
pub(crate) struct LogWriter {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Notified of a new line, and of each that was written.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<Vec<u8>>,
    /// The bytes of these lines and of the one that is being written.
    bytes: usize,
    dropped: u64,
}

impl LogWriter {
    /// Starts the thread that writes to stderr.
    ///
    /// # Errors
    /// The operating system has no thread left.
    pub(crate) fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let writing = Arc::clone(&shared);
        std::thread::Builder::new().name("log".to_owned()).spawn(move || writing.write_lines())?;
        Ok(Self { shared })
    }

    /// How many lines were dropped so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.shared.waiting().dropped
    }

    /// Waits until every line is written, but no longer than this. False if some are not.
    pub(crate) fn flush(&self, at_most: Duration) -> bool {
        let waiting = self.shared.waiting();
        let flushed = self.shared.changed.wait_timeout_while(waiting, at_most, |waiting| waiting.bytes > 0);
        !flushed.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

/// Each call of `write` is one line, as `tracing_subscriber` makes it.
impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.shared.waiting();
        if waiting.bytes + line.len() > MAX_WAITING_BYTES {
            waiting.dropped += 1;
        } else {
            waiting.bytes += line.len();
            waiting.lines.push_back(line.to_owned());
            self.shared.changed.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn write_lines(&self) {
        loop {
            let waiting = self.waiting();
            let found = self.changed.wait_while(waiting, |waiting| waiting.lines.is_empty());
            let Some(line) = found.unwrap_or_else(PoisonError::into_inner).lines.pop_front() else {
                continue;
            };
            // Nothing is locked while this waits for the reader.
            let written = stderr().write_all(&line);
            let mut waiting = self.waiting();
            waiting.bytes -= line.len();
            if written.is_err() {
                waiting.dropped += 1;
            }
            self.changed.notify_all();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // The lines are consistent at every point where a panic could happen.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
