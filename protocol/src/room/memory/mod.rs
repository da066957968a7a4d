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
    pub fn takes_more(&self) -> bool {
        self.used() < self.limit - self.limit / 16
    }

    /// Whether a value may be larger than the one it replaces.
    pub(crate) fn takes_larger(&self) -> bool {
        self.used() < self.limit
    }

    /// What each room may keep as its ring while memory is tight: all of them together a quarter of it.
    pub(crate) fn share(&self) -> usize {
        self.limit / 4 / self.rooms.load(Ordering::Relaxed).max(1)
    }
}

/// Bytes that are counted until nobody has any of them.
#[derive(Debug)]
struct Counted {
    bytes: Bytes,
    memory: Arc<Memory>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.memory.used.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

/// One room's part of it, until it is dropped.
#[derive(Debug)]
pub(crate) struct Account {
    memory: Arc<Memory>,
    counted: usize,
}

impl Account {
    pub(crate) fn new(memory: Arc<Memory>) -> Self {
        memory.rooms.fetch_add(1, Ordering::Relaxed);
        Self { memory, counted: 0 }
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// These bytes, counted for as long as anybody has some of them: whoever takes a snapshot slowly keeps it long after the
    /// room has another one.
    pub(crate) fn counted(&self, bytes: Bytes) -> Bytes {
        let memory = Arc::clone(&self.memory);
        memory.used.fetch_add(bytes.len(), Ordering::Relaxed);
        Bytes::from_owner(Counted { bytes, memory })
    }

    /// The room takes so much now.
    pub(crate) fn set(&mut self, bytes: usize) {
        if bytes >= self.counted {
            self.memory.used.fetch_add(bytes - self.counted, Ordering::Relaxed);
        } else {
            self.memory.used.fetch_sub(self.counted - bytes, Ordering::Relaxed);
        }
        self.counted = bytes;
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.set(0);
        self.memory.rooms.fetch_sub(1, Ordering::Relaxed);
    }
}
