//! Counters that each thread keeps for itself.

use std::sync::atomic::{AtomicU64, Ordering};

use rtbroadcaster_protocol::Contents;
use serde::Serialize;

use super::latency::{Latency, LatencyCounts};

/// What a fan-out, or a connection's own task, has sent. It is added to the counters once, at the
/// end.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct SendCounts {
    /// Frames of messages.
    frames: u64,
    /// Bytes of these frames that were written at once, with their headers.
    bytes: u64,
    actions: u64,
    retained: u64,
    resyncs: u64,
}

impl SendCounts {
    /// Counts a frame of which this many bytes are written.
    pub(crate) fn add(&mut self, contents: Contents, bytes: usize) {
        self.frames += 1;
        self.bytes += bytes as u64;
        self.actions += contents.actions;
        self.retained += contents.retained;
        self.resyncs += contents.resyncs;
    }

    /// Whether any bytes were written.
    pub(crate) fn has_any(&self) -> bool {
        self.bytes > 0
    }
}

/// The counters of one or more threads. Each shard has two cache lines to itself, because
/// processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Shard {
    pub(super) appended: AtomicU64,
    pub(super) received_bytes: AtomicU64,
    pub(super) sent_bytes: AtomicU64,
    frames: AtomicU64,
    actions: AtomicU64,
    retained: AtomicU64,
    resyncs: AtomicU64,
    pub(super) latency: Latency,
}

impl Shard {
    pub(super) fn sent(&self, counts: &SendCounts) {
        let sums = [
            (&self.frames, counts.frames),
            (&self.sent_bytes, counts.bytes),
            (&self.actions, counts.actions),
            (&self.retained, counts.retained),
            (&self.resyncs, counts.resyncs),
        ];
        for (sum, more) in sums {
            if more > 0 {
                sum.fetch_add(more, Ordering::Relaxed);
            }
        }
    }
}

/// The sum of all shards.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counts {
    pub(crate) appended: u64,
    pub(crate) received_bytes: u64,
    pub(crate) sent_bytes: u64,
    pub(crate) frames: u64,
    pub(crate) actions: u64,
    pub(crate) retained: u64,
    pub(crate) resyncs: u64,
    pub(crate) latency: LatencyCounts,
}

/// What the server has done since it was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Traffic {
    actions: u64,
    deliveries: u64,
    received_bytes: u64,
    sent_bytes: u64,
    resyncs: u64,
    refusals: u64,
    handshakes_refused: u64,
}

impl Counts {
    pub(super) fn traffic(&self, refusals: u64, handshakes_refused: u64) -> Traffic {
        Traffic {
            actions: self.appended,
            deliveries: self.actions + self.retained,
            received_bytes: self.received_bytes,
            sent_bytes: self.sent_bytes,
            resyncs: self.resyncs,
            refusals,
            handshakes_refused,
        }
    }

    /// Adds one more shard.
    pub(super) fn with(self, shard: &Shard) -> Self {
        let sum = |so_far: u64, counter: &AtomicU64| so_far.wrapping_add(counter.load(Ordering::Relaxed));
        Self {
            appended: sum(self.appended, &shard.appended),
            received_bytes: sum(self.received_bytes, &shard.received_bytes),
            sent_bytes: sum(self.sent_bytes, &shard.sent_bytes),
            frames: sum(self.frames, &shard.frames),
            actions: sum(self.actions, &shard.actions),
            retained: sum(self.retained, &shard.retained),
            resyncs: sum(self.resyncs, &shard.resyncs),
            latency: self.latency.with(&shard.latency),
        }
    }
}
