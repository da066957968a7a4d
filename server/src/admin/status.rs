//! The status of a server as a whole.

use serde::Serialize;

use crate::Manager;
use crate::metrics::Traffic;
use crate::rooms::Totals;

/// A server as a whole, at this moment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    version: &'static str,
    uptime_ms: u64,
    is_shutting_down: bool,
    connections: Bounded,
    rooms: Bounded,
    /// The memory of all rooms.
    memory: MemoryView,
    now: Totals,
    /// Totals since the server was started.
    total: Traffic,
}

#[derive(Debug, Serialize)]
struct Bounded {
    open: usize,
    limit: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MemoryView {
    used_bytes: usize,
    limit_bytes: usize,
}

/// `GET status`.
pub(super) async fn status(manager: &Manager) -> Status {
    let settings = manager.settings();
    let now = manager.room_table().totals().await;
    Status {
        version: env!("CARGO_PKG_VERSION"),
        is_shutting_down: manager.is_shutting_down(),
        connections: Bounded { open: manager.connections().len(), limit: settings.connections },
        rooms: Bounded { open: manager.room_table().len(), limit: settings.limits.rooms },
        memory: MemoryView {
            used_bytes: manager.memory().used(),
            limit_bytes: settings.limits.room_memory_bytes,
        },
        now,
        // Read together, so that rates made of them are right.
        uptime_ms: manager.now().0,
        total: manager.metrics().traffic(),
    }
}
