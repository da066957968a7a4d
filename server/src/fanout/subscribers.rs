//! The connections of a room that take what there is as soon as there is something.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::yield_now;

use crate::connection::Connection;
use crate::connection::state::Sent;
use crate::connection::thread_buffers::{SendContext, with_send_context};
use crate::fanout::containment::contained;
use crate::metrics::Metrics;

/// Connections served before other tasks of the thread get their turn: some 2 ms.
const SERVED_AT_A_TIME: usize = 256;

/// Nobody goes round.
const IDLE: u8 = 0;
/// Somebody goes round.
const RUNNING: u8 = 1;
/// Somebody goes round, and there is something new since he began.
const AGAIN: u8 = 2;

/// Connections that are served one after another by one thread, in a *round*. Whoever can't take all of what there is
/// gives up his seat, and his own task serves him until he has caught up.
#[derive(Debug)]
pub(crate) struct Subscribers {
    /// Copied when it changes while a round goes over it.
    connections: Mutex<Arc<Vec<Arc<Connection>>>>,
    state: AtomicU8,
    /// When the oldest action was appended for which nobody has gone round yet, or [`NOTHING`].
    appended_at: AtomicU64,
}

/// No action was appended.
pub(crate) const NOTHING: u64 = u64::MAX;

impl Subscribers {
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Subscribers a connection. Whatever came before the next round began it must look for itself.
    pub(crate) fn add(&self, connection: &Arc<Connection>) {
        let mut connections = self.lock();
        connection.set_place(connections.len());
        Arc::make_mut(&mut connections).push(Arc::clone(connection));
    }

    /// Takes a connection's seat away.
    pub(crate) fn remove(&self, connection: &Connection) {
        let mut connections = self.lock();
        let place = connection.place();
        let connections = Arc::make_mut(&mut connections);
        connections.swap_remove(place);
        if let Some(moved) = connections.get(place) {
            moved.set_place(place);
        }
    }

    /// Has the tasks of all who sit here look what there is for them.
    pub(crate) fn wake(&self) {
        for connection in self.all().iter() {
            connection.wake();
        }
    }

    /// Says that there is something new: an action that was appended then, or [`NOTHING`] of that kind. True if the
    /// caller is to go round; otherwise somebody does so already.
    pub(crate) fn begin(&self, appended_at: u64) -> bool {
        if appended_at != NOTHING {
            self.appended_at.fetch_min(appended_at, Ordering::Relaxed);
        }
        self.state.swap(AGAIN, Ordering::AcqRel) == IDLE
    }

    /// Goes round until there is nothing new. To be called by whom [`Subscribers::begin`] told to.
    pub(crate) fn fan_out(&self, metrics: &Metrics) {
        let running = Running(self);
        while running.start() {
            let appended_at = self.appended_at.swap(NOTHING, Ordering::Relaxed);
            let has_sent = with_send_context(metrics, |sending| serve(&self.all(), sending, appended_at));
            note_written(metrics, appended_at, has_sent);
        }
    }

    /// The same, as a task of its own that lets others in between.
    pub(crate) async fn fan_out_yielding(&self, metrics: &Metrics) {
        let running = Running(self);
        let mut is_first = true;
        while running.start() {
            let appended_at = self.appended_at.swap(NOTHING, Ordering::Relaxed);
            let mut has_sent = false;
            for some in self.all().chunks(SERVED_AT_A_TIME) {
                if !std::mem::take(&mut is_first) {
                    yield_now().await;
                }
                has_sent |= with_send_context(metrics, |sending| serve(some, sending, appended_at));
            }
            note_written(metrics, appended_at, has_sent);
        }
    }

    fn all(&self) -> Arc<Vec<Arc<Connection>>> {
        Arc::clone(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Vec<Arc<Connection>>>> {
        // A list of connections is never half changed.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends each what there is. True if anything was written.
fn serve(connections: &[Arc<Connection>], sending: &mut SendContext, appended_at: u64) -> bool {
    for connection in connections {
        let sent = contained("the sending to a connection", || connection.send(None, sending));
        if sent != Some(Sent::Everything) {
            connection.note_passed_over(appended_at != NOTHING);
            connection.wake();
        }
    }
    sending.tally.bytes > 0
}

/// A round is over.
fn note_written(metrics: &Metrics, appended_at: u64, has_sent: bool) {
    if has_sent && appended_at != NOTHING {
        metrics.written(appended_at);
    }
}

impl Default for Subscribers {
    fn default() -> Self {
        Self {
            connections: Mutex::default(),
            state: AtomicU8::new(IDLE),
            appended_at: AtomicU64::new(NOTHING),
        }
    }
}

/// Somebody goes round. A panic, a bug of ours, ends his round and not the room's.
struct Running<'seats>(&'seats Subscribers);

impl Running<'_> {
    /// Whether there is something new since the last time.
    fn start(&self) -> bool {
        let state = &self.0.state;
        match state.compare_exchange(RUNNING, IDLE, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => false,
            Err(_) => {
                state.swap(RUNNING, Ordering::AcqRel);
                true
            }
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.state.store(IDLE, Ordering::Release);
        }
    }
}
