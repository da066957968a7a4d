//! What was pushed and is not written yet.

use std::sync::atomic::Ordering;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::super::counts::Counters;
use crate::journal::Staged;

/// The queue between the rooms and the store's thread.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Staged>,
    /// Whether the thread waits, so that it must be woken.
    is_idle: bool,
    /// Whether nothing more is taken: the store ends, or has failed.
    is_closed: bool,
}

impl Queue {
    /// Adds what a room has staged. Once the queue is closed it is dropped, and nobody ever says
    /// that it is kept.
    pub(crate) fn push(&self, staged: Staged, counters: &Counters) {
        let bytes = staged.bytes.len() as u64;
        let mut state = self.state();
        if state.is_closed {
            return;
        }
        counters.backlog_bytes.fetch_add(bytes, Ordering::Relaxed);
        state.waiting.push(staged);
        if std::mem::take(&mut state.is_idle) {
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Takes nothing more, and wakes the thread.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        state.is_idle = false;
        drop(state);
        self.changed.notify_one();
    }

    /// Forgets what waits, after a failure.
    pub(crate) fn clear(&self) {
        self.state().waiting = Vec::new();
    }

    /// Takes everything that waits, in order. If nothing does, it waits for the first push: for
    /// `timeout` at most. `Err` if the queue is closed and empty.
    pub(crate) fn take(&self, timeout: Duration) -> Result<Vec<Staged>, Closed> {
        let mut state = self.state();
        if state.waiting.is_empty() && !state.is_closed {
            state.is_idle = true;
            let waits = |state: &mut State| state.waiting.is_empty() && !state.is_closed;
            (state, _) = self
                .changed
                .wait_timeout_while(state, timeout, waits)
                .expect("nothing panics while it holds the queue");
            state.is_idle = false;
        }
        if state.is_closed && state.waiting.is_empty() {
            return Err(Closed);
        }
        Ok(std::mem::take(&mut state.waiting))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds the queue")
    }
}

/// Nothing more comes.
#[derive(Debug)]
pub(crate) struct Closed;
