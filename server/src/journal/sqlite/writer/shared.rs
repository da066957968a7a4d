//! What a journal shares with its thread.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use tracing::error;

use super::super::counts::Counters;
use super::super::error::StoreError;
use super::queue::Queue;

/// What the journal shares with its thread.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) queue: Queue,
    pub(crate) counters: Counters,
    failure: OnceLock<Arc<StoreError>>,
}

impl Shared {
    /// Nothing more is kept.
    pub(crate) fn fail(&self, failure: StoreError) {
        error!("{failure}");
        self.queue.close();
        self.queue.clear();
        self.counters.backlog_bytes.store(0, Ordering::Relaxed);
        // Only the first failure counts, and there is only one.
        let _ = self.failure.set(Arc::new(failure));
    }

    /// Why nothing is kept any more, if that is so.
    #[cfg(test)]
    pub(crate) fn failure(&self) -> Option<Arc<StoreError>> {
        self.failure.get().cloned()
    }
}
