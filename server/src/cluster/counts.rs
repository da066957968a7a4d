//! What a node of a cluster has done, for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters, each since the start.
#[derive(Debug, Default)]
pub(crate) struct ClusterCounts {
    /// Groups of records that were proposed.
    pub(crate) proposals: Counter,
    /// Proposals that were sent again because nothing was heard of them.
    pub(crate) repetitions: Counter,
    /// Replicas whose changes were lost, because another node's came first.
    pub(crate) conflicts: Counter,
    /// Entries of other nodes that were taken.
    pub(crate) entries: Counter,
    /// Times that entries were missing and had to be read.
    pub(crate) holes: Counter,
    /// Rooms that were made out of their logs.
    pub(crate) loads: Counter,
    /// Replicas that were made anew out of their logs.
    pub(crate) rebuilds: Counter,
    /// Replicas that were given up because nobody here needed them.
    pub(crate) unloads: Counter,
    /// Times that the connection to NATS was made.
    pub(crate) connects: Counter,
    /// Times that messages of NATS were dropped because they were not taken in time.
    pub(crate) slow_consumers: Counter,
    /// Posts that were handed to the node with the owner.
    pub(crate) handed_posts: Counter,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
