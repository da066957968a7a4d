//! What each client of a server that is killed knows: where the server is, and whether to go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// What the clients do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// They go on. The server was started again this many times.
    Going { restarts: u64 },
    /// The server is killed no more. Owners send their last action, and followers wait for it.
    Over,
}

/// One client's view.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) address: String,
    phase: watch::Receiver<Phase>,
    acknowledged: Arc<AtomicU64>,
}

impl Context {
    pub(super) fn new(address: &str, phase: watch::Receiver<Phase>, acknowledged: &Arc<AtomicU64>) -> Self {
        Self { address: address.to_owned(), phase, acknowledged: Arc::clone(acknowledged) }
    }

    /// Notes that one more action was acknowledged.
    pub(super) fn note_acknowledged(&self) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the owners send their last action now.
    pub(super) fn is_over(&self) -> bool {
        *self.phase.borrow() == Phase::Over
    }

    /// Waits until the server was started again, or the end has come.
    pub(super) async fn changed(&mut self) {
        if self.phase.changed().await.is_err() {
            // Nothing changes any more.
            std::future::pending::<()>().await;
        }
    }
}
