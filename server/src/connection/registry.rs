//! The registry of all connections of a server, for the sweep, the shutdown and the administration.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Connection;

/// All connections of a server. Each has an index, which stays the same while it lives.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    rows: Vec<Option<Arc<Connection>>>,
    free_rows: Vec<usize>,
}

impl Registry {
    pub(crate) fn add(&self, connection: &Arc<Connection>) {
        let mut table = self.lock();
        let registered = Some(Arc::clone(connection));
        let index = match table.free_rows.pop() {
            Some(index) => {
                table.rows[index] = registered;
                index
            }
            None => {
                table.rows.push(registered);
                table.rows.len() - 1
            }
        };
        connection.registry_index.store(index, Ordering::Relaxed);
    }

    pub(super) fn remove(&self, connection: &Connection) {
        let mut table = self.lock();
        let index = connection.registry_index.load(Ordering::Relaxed);
        table.rows[index] = None;
        table.free_rows.push(index);
    }

    /// The number of connections.
    pub(crate) fn len(&self) -> usize {
        let table = self.lock();
        table.rows.len() - table.free_rows.len()
    }

    /// All connections.
    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        self.lock().rows.iter().flatten().cloned().collect()
    }

    /// The connections among the next `count` indices from `start` on. None if no index is that
    /// high.
    pub(super) fn chunk(&self, start: usize, count: usize) -> Option<Vec<Arc<Connection>>> {
        let table = self.lock();
        let rest = table.rows.get(start..).filter(|rest| !rest.is_empty())?;
        Some(rest.iter().take(count).flatten().cloned().collect())
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // The table is consistent at every point where a panic could happen.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
