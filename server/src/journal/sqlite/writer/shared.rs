//! What a journal shares with its threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};

use tracing::error;

use super::super::counts::Counters;
use super::super::error::StoreError;
use super::super::settings::SyncMode;
use super::super::store::Store;
use super::Writer;
use super::queue::Queue;
use crate::journal::{Listener, Staged};

/// Whoever pushes commits at most this many groups. What comes meanwhile from others is left to the
/// thread, which can gather it.
const GROUPS_AT_ONCE: usize = 4;

/// What the journal shares with its threads.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) queue: Queue,
    pub(crate) counters: Arc<Counters>,
    listener: Arc<dyn Listener>,
    path: PathBuf,
    sync: SyncMode,
    /// None once the store has ended, or has failed.
    writer: Mutex<Option<Writer>>,
    /// Held by who waits for the writer, so that whoever gives it back can't take it again at once.
    turn: Mutex<()>,
    failure: OnceLock<Arc<StoreError>>,
}

impl Shared {
    /// Shares a store whose rooms were restored.
    pub(crate) fn new(store: Store, listener: Arc<dyn Listener>) -> rusqlite::Result<Self> {
        let (path, sync, counters) = (store.path.clone(), store.sync(), Arc::default());
        let writer = Writer::new(store, Arc::clone(&listener), Arc::clone(&counters))?;
        Ok(Self {
            queue: Queue::default(),
            counters,
            listener,
            path,
            sync,
            writer: Mutex::new(Some(writer)),
            turn: Mutex::new(()),
            failure: OnceLock::new(),
        })
    }

    /// Takes what a room has staged. False once the store has ended or failed.
    pub(crate) fn push(&self, staged: Staged) -> bool {
        let is_taken = self.queue.push(staged, &self.counters);
        if is_taken && self.sync == SyncMode::Disk {
            self.queue.wake_thread();
        }
        is_taken
    }

    /// Commits what waits on the caller's thread, if that needs no disk. Somebody else may do so at
    /// this moment: then it is left to them.
    pub(crate) fn commit_here(&self) {
        if self.sync == SyncMode::Disk {
            return;
        }
        for _ in 0..GROUPS_AT_ONCE {
            // Who fails to lock has pushed before, so whoever has the lock sees that at the latest
            // when it is given back.
            if self.queue.is_empty() || !self.try_commit() {
                return;
            }
        }
        if !self.queue.is_empty() {
            self.queue.wake_thread();
        }
    }

    /// Commits what waits. False if nothing can be committed here: somebody else has the store or
    /// waits for it, or it has ended.
    fn try_commit(&self) -> bool {
        let Some(turn) = try_lock(&self.turn) else { return false };
        let Some(writer) = try_lock(&self.writer) else { return false };
        drop(turn);
        let committed = self.use_writer(writer, |writer| {
            if writer.is_wal_full() {
                self.queue.wake_thread();
                return Ok(false);
            }
            writer.write(self.queue.take())?;
            if writer.is_upkeep_urgent() {
                self.queue.wake_thread();
            } else if writer.has_upkeep() {
                self.queue.wake_thread_if_it_sleeps_for_ever();
            }
            Ok(true)
        });
        committed.unwrap_or(false)
    }

    /// Waits for the writer and does something with it. None if the store has ended or failed, or
    /// fails now.
    pub(crate) fn with_writer<T>(&self, act: impl FnOnce(&mut Writer) -> rusqlite::Result<T>) -> Option<T> {
        self.use_writer(self.writer(), act)
    }

    /// A failure ends the writer before anybody else can have it: what was pushed later must not be
    /// kept without what was lost.
    fn use_writer<T>(
        &self,
        mut writer: MutexGuard<'_, Option<Writer>>,
        act: impl FnOnce(&mut Writer) -> rusqlite::Result<T>,
    ) -> Option<T> {
        let present = writer.as_mut()?;
        let done = self.guarded(|| act(present));
        if done.is_none() {
            *writer = None;
        }
        done
    }

    /// Ends the store in order, unless it has failed.
    pub(crate) fn end(&self) {
        let Some(writer) = self.writer().take() else { return };
        if self.failure().is_none()
            && let Some(Err(error)) = self.guarded(|| writer.end())
        {
            self.fail(error);
        }
    }

    fn writer(&self) -> MutexGuard<'_, Option<Writer>> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        drop(turn);
        writer
    }

    /// Does something with the store. If that fails, nothing more is kept.
    fn guarded<T>(&self, act: impl FnOnce() -> rusqlite::Result<T>) -> Option<T> {
        let failure = match catch_unwind(AssertUnwindSafe(act)) {
            Ok(Ok(done)) => return Some(done),
            Ok(Err(error)) => StoreError::of_sqlite(&self.path, &error),
            Err(_) => {
                let reason = "the code that writes has panicked".to_owned();
                StoreError::Io { path: self.path.clone(), reason }
            }
        };
        self.fail(failure);
        None
    }

    /// Nothing more is kept.
    pub(crate) fn fail(&self, failure: StoreError) {
        let failure = Arc::new(failure);
        // Only the first failure counts: what comes after it may be a consequence.
        if self.failure.set(Arc::clone(&failure)).is_err() {
            return;
        }
        error!("{failure}");
        self.queue.close();
        self.queue.clear();
        self.counters.backlog_bytes.store(0, Ordering::Relaxed);
        self.listener.failed();
    }

    /// Why nothing is kept any more, if that is so.
    pub(crate) fn failure(&self) -> Option<&Arc<StoreError>> {
        self.failure.get()
    }
}

/// Nothing panics while it holds one of the locks: what is done with the writer is caught.
fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
