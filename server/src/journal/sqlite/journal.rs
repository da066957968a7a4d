//! The journal in SQLite: what rooms push, and what is told of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::counts::StoreCounts;
use super::error::StoreError;
use super::file::database;
use super::store::Store;
use super::writer::shared::Shared;
use super::writer::thread as store_thread;
use crate::journal::{Journal, Listener, Staged};

/// A journal that writes what is pushed into a [`Store`].
#[derive(Debug)]
pub(crate) struct SqliteJournal {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Hands the store to a journal, and starts its threads.
    ///
    /// # Errors
    /// If there can be no more threads, the rooms were not restored before, or the file fails.
    pub(crate) fn start(self, listener: Box<dyn Listener>) -> Result<SqliteJournal, StoreError> {
        if !self.is_restored {
            let reason = "the rooms of the store were not restored".to_owned();
            return Err(StoreError::Io { path: self.path, reason });
        }
        let path = self.path.clone();
        let second = database::open_second(&path)?;
        let shared = Shared::new(self, Arc::from(listener));
        let shared = Arc::new(shared.map_err(|error| StoreError::of_sqlite(&path, &error))?);
        let theirs = Arc::clone(&shared);
        let run = move || store_thread::run(&theirs, second);
        let thread = thread::Builder::new().name("store".to_owned()).spawn(run);
        let thread = thread.map_err(|error| StoreError::NoThread(error.to_string()))?;
        Ok(SqliteJournal { shared, thread: Mutex::new(Some(thread)) })
    }
}

impl SqliteJournal {
    /// Why nothing is kept any more, if that is so.
    #[cfg(test)]
    pub(crate) fn failure(&self) -> Option<&Arc<StoreError>> {
        self.shared.failure()
    }
}

impl Journal for SqliteJournal {
    fn push(&self, staged: Staged) -> bool {
        self.shared.push(staged)
    }

    fn commit_here(&self) {
        self.shared.commit_here();
    }

    /// Everything is in the store's file then, and other processes may have it. What is pushed from
    /// now on is dropped.
    fn shut_down(&self) {
        self.shared.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The thread itself may drop the last journal, from within its listener.
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            // It catches its panics.
            let _ = thread.join();
        }
    }

    fn counts(&self) -> Option<StoreCounts> {
        Some(self.shared.counters.read())
    }
}

impl Drop for SqliteJournal {
    fn drop(&mut self) {
        self.shut_down();
    }
}
