//! What a store has done, for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::metrics::{Latency, LatencyCounts};

/// The counters of a store. Its thread counts; anybody reads.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) commits: AtomicU64,
    pub(super) rows: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) latency: Latency,
    pub(super) rooms: AtomicU64,
    pub(super) backlog_bytes: AtomicU64,
    pub(super) file_bytes: AtomicU64,
    pub(super) wal_bytes: AtomicU64,
    pub(super) held_back: AtomicU64,
}

/// The counters at one moment.
#[derive(Debug, Clone)]
pub(crate) struct StoreCounts {
    /// Groups of records that were committed.
    pub(crate) commits: u64,
    /// Rows that these had: one for each room in a group.
    pub(crate) rows: u64,
    /// Bytes of their records.
    pub(crate) bytes: u64,
    /// How long each commit took.
    pub(crate) latency: LatencyCounts,
    /// Rooms of which there are rows now.
    pub(crate) rooms: u64,
    /// Bytes of records that were pushed and are not kept yet.
    pub(crate) backlog_bytes: u64,
    /// Bytes of the file.
    pub(crate) file_bytes: u64,
    /// Bytes of the WAL that are in use.
    pub(crate) wal_bytes: u64,
    /// Checkpoints of the WAL that another program which reads the file has held back.
    pub(crate) held_back: u64,
}

impl Counters {
    pub(super) fn read(&self) -> StoreCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StoreCounts {
            commits: read(&self.commits),
            rows: read(&self.rows),
            bytes: read(&self.bytes),
            latency: LatencyCounts::default().with(&self.latency),
            rooms: read(&self.rooms),
            backlog_bytes: read(&self.backlog_bytes),
            file_bytes: read(&self.file_bytes),
            wal_bytes: read(&self.wal_bytes),
            held_back: read(&self.held_back),
        }
    }
}
