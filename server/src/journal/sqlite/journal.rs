//! The journal in SQLite: what rooms push, and what is told of it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::counts::StoreCounts;
use super::error::StoreError;
use super::store::Store;
use super::writer;
use super::writer::shared::Shared;
use crate::journal::{Journal, Listener, Staged};

/// A journal whose thread writes what is pushed into a [`Store`].
#[derive(Debug)]
pub(crate) struct SqliteJournal {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Starts the thread that writes, and hands the store to it.
    ///
    /// # Errors
    /// If there can be no more threads, or the rooms were not restored before.
    pub(crate) fn start(self, listener: Box<dyn Listener>) -> io::Result<SqliteJournal> {
        if !self.is_restored {
            return Err(io::Error::other("the rooms of the store were not restored"));
        }
        SqliteJournal::start(self, listener)
    }
}

impl SqliteJournal {
    /// Starts the thread.
    fn start(store: Store, listener: Box<dyn Listener>) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (theirs, path) = (Arc::clone(&shared), store.path.clone());
        let run = move || {
            let result = catch_unwind(AssertUnwindSafe(|| writer::run(store, &theirs, &*listener)));
            let result = result.unwrap_or_else(|_| {
                Err(StoreError::Io { path, reason: "the thread that writes has panicked".to_owned() })
            });
            if let Err(failure) = result {
                theirs.fail(failure);
                listener.failed();
            }
        };
        let thread = thread::Builder::new().name("store".to_owned()).spawn(run)?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Why nothing is kept any more, if that is so.
    #[cfg(test)]
    pub(crate) fn failure(&self) -> Option<Arc<StoreError>> {
        self.shared.failure()
    }
}

impl Journal for SqliteJournal {
    fn push(&self, staged: Staged) {
        self.shared.queue.push(staged, &self.shared.counters);
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

    fn counts(&self) -> StoreCounts {
        self.shared.counters.read()
    }
}

impl Drop for SqliteJournal {
    fn drop(&mut self) {
        self.shut_down();
    }
}
