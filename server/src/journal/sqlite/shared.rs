//! What a journal shares with its thread.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use tracing::error;

use super::counts::Counters;
use super::error::StoreError;
use super::queue::Queue;

/// What the journal shares with its thread.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) queue: Queue,
    pub(super) counters: Counters,
    failure: OnceLock<Arc<StoreError>>,
}

impl Shared {
    /// Nothing more is kept.
    pub(super) fn fail(&self, failure: StoreError) {
        error!("{failure}");
        self.queue.close();
        self.queue.clear();
        for backlog in [&self.counters.backlog_entries, &self.counters.backlog_bytes] {
            backlog.store(0, Ordering::Relaxed);
        }
        // Only the first failure counts, and there is only one.
        let _ = self.failure.set(Arc::new(failure));
    }

    /// Why nothing is kept any more, if that is so.
    #[cfg(test)]
    pub(super) fn failure(&self) -> Option<Arc<StoreError>> {
        self.failure.get().cloned()
    }
}
