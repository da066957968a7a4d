//! All connections of a server.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Connection;

/// All connections of a server, each at an index that it keeps while it lives.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    connections: Vec<Option<Arc<Connection>>>,
    free: Vec<usize>,
}

impl Registry {
    pub(crate) fn add(&self, connection: &Arc<Connection>) {
        let mut slots = self.lock();
        let registered = Some(Arc::clone(connection));
        let index = match slots.free.pop() {
            Some(index) => {
                slots.connections[index] = registered;
                index
            }
            None => {
                slots.connections.push(registered);
                slots.connections.len() - 1
            }
        };
        connection.registry_index.store(index, Ordering::Relaxed);
    }

    pub(super) fn remove(&self, connection: &Connection) {
        let mut slots = self.lock();
        let index = connection.registry_index.load(Ordering::Relaxed);
        slots.connections[index] = None;
        slots.free.push(index);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        let slots = self.lock();
        slots.connections.len() - slots.free.len()
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        self.lock().connections.iter().flatten().cloned().collect()
    }

    /// Those among the next `count` indices from `start` on; none if no index is that high.
    pub(super) fn some(&self, start: usize, count: usize) -> Option<Vec<Arc<Connection>>> {
        let slots = self.lock();
        let rest = slots.connections.get(start..).filter(|rest| !rest.is_empty())?;
        Some(rest.iter().take(count).flatten().cloned().collect())
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        // Nothing panics between its changes.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
