//! How much memory the rooms of a server take together, as the server's limit on memory counts it.
//!
//! The number is an estimate of what grows: rings, retained state and its snapshots, recorded
//! answers. Each room keeps its own part of the number up to date, so nobody ever adds up all
//! rooms.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// How much memory the rooms of a server may take together, and how much they take. All of them
/// share one.
#[derive(Debug)]
pub struct Memory {
    limit: usize,
    used: AtomicUsize,
    /// How many rooms share it.
    rooms: AtomicUsize,
}

impl Memory {
    /// A limit of this many bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, used: AtomicUsize::new(0), rooms: AtomicUsize::new(0) }
    }

    /// No limit, for a room that shares its memory with no other.
    pub(crate) fn unlimited() -> Self {
        Self::new(usize::MAX)
    }

    /// Bytes that the rooms take now.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether rings must shrink to their share. This comes before anything is refused.
    #[must_use]
    pub fn is_tight(&self) -> bool {
        self.used() > self.limit / 4 * 3
    }

    /// Whether there is memory for new rooms and slots. The last sixteenth is kept for the values
    /// of those that exist.
    #[must_use]
    pub fn has_space_for_new(&self) -> bool {
        self.used() < self.limit - self.limit / 16
    }

    /// Whether there is memory for a value that is larger than the one it replaces.
    pub(crate) fn has_space_to_grow(&self) -> bool {
        self.used() < self.limit
    }

    /// Bytes that the ring of each room may keep while memory is tight. All rings together may keep
    /// a quarter of the limit.
    pub(crate) fn ring_share(&self) -> usize {
        self.limit / 4 / self.rooms.load(Ordering::Relaxed).max(1)
    }
}

/// Bytes that count until the last copy of them is dropped.
#[derive(Debug)]
struct TrackedBytes {
    bytes: Bytes,
    memory: Arc<Memory>,
}

impl AsRef<[u8]> for TrackedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for TrackedBytes {
    fn drop(&mut self) {
        self.memory.used.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

/// One room's part of the memory. It gives the part back when it is dropped.
#[derive(Debug)]
pub(crate) struct Account {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Account {
    pub(crate) fn new(memory: Arc<Memory>) -> Self {
        memory.rooms.fetch_add(1, Ordering::Relaxed);
        Self { memory, bytes: 0 }
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Counts these bytes until the last copy of them is dropped: a slow follower keeps a snapshot
    /// long after the room has a newer one.
    pub(crate) fn track(&self, bytes: Bytes) -> Bytes {
        let memory = Arc::clone(&self.memory);
        memory.used.fetch_add(bytes.len(), Ordering::Relaxed);
        Bytes::from_owner(TrackedBytes { bytes, memory })
    }

    /// Sets how much memory the room takes now, beside the tracked bytes.
    pub(crate) fn set(&mut self, bytes: usize) {
        if bytes >= self.bytes {
            self.memory.used.fetch_add(bytes - self.bytes, Ordering::Relaxed);
        } else {
            self.memory.used.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.set(0);
        self.memory.rooms.fetch_sub(1, Ordering::Relaxed);
    }
}
