//! What was pushed and is not written yet.

use std::sync::atomic::Ordering;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::super::counts::Counters;
use crate::journal::Staged;

/// The queue between the rooms and the store.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Staged>,
    /// Whether the thread must look after the store.
    is_thread_wanted: bool,
    /// Whether the thread sleeps.
    is_thread_asleep: bool,
    /// Whether it sleeps, or is about to, until it is wanted, however long that takes.
    sleeps_for_ever: bool,
    /// Whether nothing more is taken: the store ends, or has failed.
    is_closed: bool,
}

impl Queue {
    /// Adds what a room has staged. Once the queue is closed it is dropped, and nobody ever says
    /// that it is kept. Returns false then.
    pub(crate) fn push(&self, staged: Staged, counters: &Counters) -> bool {
        let bytes = staged.bytes.len() as u64;
        let mut state = self.state();
        if state.is_closed {
            return false;
        }
        counters.backlog_bytes.fetch_add(bytes, Ordering::Relaxed);
        state.waiting.push(staged);
        true
    }

    /// Has the thread look after the store.
    pub(crate) fn wake_thread(&self) {
        let mut state = self.state();
        state.is_thread_wanted = true;
        if std::mem::take(&mut state.is_thread_asleep) {
            drop(state);
            self.changed.notify_one();
        }
    }

    /// The same, if nothing else would ever wake it.
    pub(crate) fn wake_thread_if_it_sleeps_for_ever(&self) {
        let sleeps_for_ever = self.state().sleeps_for_ever;
        if sleeps_for_ever {
            self.wake_thread();
        }
    }

    /// Notes how long the thread will sleep. To be called while it has the store: then who has the
    /// store next knows whether the thread must be woken.
    pub(crate) fn note_patience(&self, patience: Duration) {
        self.state().sleeps_for_ever = patience == Duration::MAX;
    }

    /// Takes nothing more, and wakes the thread.
    pub(crate) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_one();
    }

    /// Forgets what waits, after a failure.
    pub(crate) fn clear(&self) {
        self.state().waiting = Vec::new();
    }

    /// Whether nothing more is taken.
    pub(crate) fn is_closed(&self) -> bool {
        self.state().is_closed
    }

    /// How many pushes wait.
    pub(crate) fn len(&self) -> usize {
        self.state().waiting.len()
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes everything that waits, in order.
    pub(crate) fn take(&self) -> Vec<Staged> {
        std::mem::take(&mut self.state().waiting)
    }

    /// Has the thread sleep until it is wanted, for `timeout` at most. `Err` if the queue is closed
    /// and empty.
    pub(crate) fn sleep(&self, timeout: Duration) -> Result<(), Closed> {
        let mut state = self.state();
        state.is_thread_asleep = !state.is_thread_wanted && !state.is_closed;
        (state, _) = self
            .changed
            .wait_timeout_while(state, timeout, |state| !state.is_thread_wanted && !state.is_closed)
            .expect("nothing panics while it holds the queue");
        state.is_thread_asleep = false;
        state.sleeps_for_ever = false;
        state.is_thread_wanted = false;
        if state.is_closed && state.waiting.is_empty() { Err(Closed) } else { Ok(()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds the queue")
    }
}

/// Nothing more comes.
#[derive(Debug)]
pub(crate) struct Closed;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_commits_before_the_thread_sleeps_for_ever_wakes_it() {
        let queue = Queue::default();
        queue.note_patience(Duration::MAX);
        queue.wake_thread_if_it_sleeps_for_ever();
        assert!(queue.sleep(Duration::MAX).is_ok());
        // It looks again by itself.
        queue.note_patience(Duration::ZERO);
        queue.wake_thread_if_it_sleeps_for_ever();
        assert!(!queue.state().is_thread_wanted);
    }
}
