//! What a node of a cluster has done, and how it is, for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::metrics::Latency;

/// Counters, each since the start.
#[derive(Debug, Default)]
pub(crate) struct ClusterCounts {
    /// Groups of records that were proposed.
    pub(crate) proposals: Counter,
    /// How long it took until the outcome of a proposal was known.
    pub(crate) latency: Latency,
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
    /// Codes for whose rooms JetStream was asked.
    pub(crate) asked_codes: Counter,
    /// Messages about who is in a room that other nodes have said.
    pub(crate) roster_messages: Counter,
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

/// How a node is at one moment, with all its replicas together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ClusterReport {
    /// Nodes that are alive, this one among them.
    pub(crate) nodes: usize,
    /// How much the clock of another node differs from this node's, at most.
    pub(crate) clock_difference: Duration,
    /// How long JetStream has not answered.
    pub(crate) silence: Duration,
    /// Rooms of which this node has a replica.
    pub(crate) replicas: usize,
    /// Those that lack something that their logs have.
    pub(crate) behind: usize,
    /// Those with a proposal whose outcome isn't known yet.
    pub(crate) proposing: usize,
    /// How long the oldest of these proposals waits.
    pub(crate) oldest_proposal: Duration,
}
