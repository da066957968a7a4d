//! How much memory the rooms of a server take together.
//!
//! It is an estimate of what grows: rings, retained state and its snapshots, answers. Each room tells its own part whenever
//! that has changed, so nobody ever counts all rooms.

mod memory_use;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// What all rooms of a server may take together, and what they take. Shared by them.
#[derive(Debug)]
pub struct Memory {
    limit: usize,
    used: AtomicUsize,
    rooms: AtomicUsize,
}

impl Memory {
    /// Room for so many bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, used: AtomicUsize::new(0), rooms: AtomicUsize::new(0) }
    }

    /// Without a bound: for a room that shares memory with no other.
    pub(crate) fn unlimited() -> Self {
        Self::new(usize::MAX)
    }

    /// Bytes that the rooms take.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether rings are to give back what is beyond their share: before anything is refused.
    #[must_use]
    pub fn is_tight(&self) -> bool {
        self.used() > self.limit / 4 * 3
    }

    /// Whether there is room for more rooms and slots. What is left then is for the values of those that are there.
    #[must_use]
    pub fn has_room_for_new(&self) -> bool {
        self.used() < self.limit - self.limit / 16
    }

    /// Whether a value may be larger than the one it replaces.
    pub(crate) fn has_room_to_grow(&self) -> bool {
        self.used() < self.limit
    }

    /// What each room may keep as its ring while memory is tight: all of them together a quarter of it.
    pub(crate) fn ring_share(&self) -> usize {
        self.limit / 4 / self.rooms.load(Ordering::Relaxed).max(1)
    }
}

/// Bytes that are counted until nobody has any of them.
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

/// One room's part of it, until it is dropped.
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

    /// These bytes, counted for as long as anybody has some of them: whoever takes a snapshot slowly keeps it long after the
    /// room has another one.
    pub(crate) fn track(&self, bytes: Bytes) -> Bytes {
        let memory = Arc::clone(&self.memory);
        memory.used.fetch_add(bytes.len(), Ordering::Relaxed);
        Bytes::from_owner(TrackedBytes { bytes, memory })
    }

    /// The room takes so much now.
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
