//! All connections of a server.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Connection;

/// All connections of a server, each at an index that it keeps while it lives.
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

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        let table = self.lock();
        table.rows.len() - table.free_rows.len()
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        self.lock().rows.iter().flatten().cloned().collect()
    }

    /// Those among the next `count` indices from `start` on; none if no index is that high.
    pub(super) fn chunk(&self, start: usize, count: usize) -> Option<Vec<Arc<Connection>>> {
        let table = self.lock();
        let rest = table.rows.get(start..).filter(|rest| !rest.is_empty())?;
        Some(rest.iter().take(count).flatten().cloned().collect())
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing panics between its changes.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
