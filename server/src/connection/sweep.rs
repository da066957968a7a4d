//! Looks after all connections at once: one timer instead of several for each.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rtbroadcaster_protocol::Limits;

use crate::Manager;
use crate::connection::Connection;
use crate::connection::thread_buffers::with_send_context;
use crate::fanout::containment::contained;

/// Connections looked after before other tasks get their turn.
const AT_A_TIME: usize = 256;
/// The pause between two sweeps is this part of the shortest timeout: so late may a timeout come.
const PART_OF_TIMEOUT: u64 = 8;
/// It is no longer than this, so that no timeout is late by more than a second.
const LONGEST_PAUSE_MS: u64 = 1_000;
/// It is no shorter than this, or sweeping would be all that the server does.
const SHORTEST_PAUSE_MS: u64 = 5;

/// All connections of a manager.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    connections: Vec<Option<Arc<Connection>>>,
    free: Vec<usize>,
}

impl Connections {
    pub(crate) fn add(&self, connection: &Arc<Connection>) {
        let mut entries = self.lock();
        let entry = Some(Arc::clone(connection));
        let index = match entries.free.pop() {
            Some(index) => {
                entries.connections[index] = entry;
                index
            }
            None => {
                entries.connections.push(entry);
                entries.connections.len() - 1
            }
        };
        connection.set_entry(index);
    }

    pub(crate) fn remove(&self, connection: &Connection) {
        let mut entries = self.lock();
        let index = connection.entry();
        entries.connections[index] = None;
        entries.free.push(index);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        let entries = self.lock();
        entries.connections.len() - entries.free.len()
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        self.lock().connections.iter().flatten().cloned().collect()
    }

    /// Some of them, from an index on; none if there are none so far behind.
    fn some(&self, start: usize) -> Option<Vec<Arc<Connection>>> {
        let entries = self.lock();
        let rest = entries.connections.get(start..).filter(|rest| !rest.is_empty())?;
        Some(rest.iter().take(AT_A_TIME).flatten().cloned().collect())
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        // Nothing panics between its changes.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks after the connections of a manager, as long as there is one.
pub(crate) async fn sweep(manager: Weak<crate::manager::Shared>, pause: Duration) {
    loop {
        tokio::time::sleep(pause).await;
        match Manager::upgrade(&manager) {
            Some(manager) => drop(contained("giving memory back", || manager.shrink_rings_if_tight())),
            None => return,
        }
        let mut start = 0;
        loop {
            let Some(manager) = Manager::upgrade(&manager) else { return };
            let Some(some) = manager.connections().some(start) else { break };
            let now = manager.now();
            with_send_context(manager.metrics(), |sending| {
                for connection in &some {
                    if contained("the look at a connection", || connection.keep_time(now, sending)).is_none()
                    {
                        connection.wake();
                    }
                }
            });
            start += AT_A_TIME;
            drop((some, manager));
            tokio::task::yield_now().await;
        }
    }
}

/// How often the connections are looked after, so that no timeout is late by much.
pub(crate) fn pause(limits: &Limits) -> Duration {
    let timeouts = [
        limits.handshake_timeout_ms,
        limits.ping_interval_ms,
        limits.idle_timeout_ms,
        limits.stall_timeout_ms,
    ];
    let shortest = timeouts.into_iter().min().unwrap_or(LONGEST_PAUSE_MS);
    Duration::from_millis((shortest / PART_OF_TIMEOUT).clamp(SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS))
}
