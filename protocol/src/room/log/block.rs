//! Rendered messages in shared, immutable bytes. The ring and the snapshots are made of these.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

/// Messages one after another, each followed by a newline. So any run of them is one slice of the
/// shared bytes.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    bytes: Bytes,
    /// Where each message ends, its newline included. A message that this rendering leaves out ends
    /// where it starts.
    ends: Arc<[usize]>,
}

impl Block {
    /// How many messages it holds.
    pub(crate) fn messages(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all messages, their newlines included.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Replaces the bytes by equal ones that `change` makes of them.
    pub(crate) fn map_bytes(self, change: impl FnOnce(Bytes) -> Bytes) -> Self {
        Self { bytes: change(self.bytes), ends: self.ends }
    }

    /// Copies this block's messages and then the other's into a new block.
    pub(crate) fn followed_by(&self, other: &Self) -> Self {
        let bytes = [&self.bytes[..], &other.bytes[..]].concat().into();
        let moved = other.ends.iter().map(|end| self.len() + end);
        Self { bytes, ends: self.ends.iter().copied().chain(moved).collect() }
    }

    /// Where message `index` starts. For one past the last message, where the block ends.
    fn start(&self, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |previous| self.ends[previous])
    }

    /// Bytes of one message, its newline included.
    pub(crate) fn message_bytes(&self, index: usize) -> usize {
        self.ends[index] - self.start(index)
    }

    /// The messages from index `from` up to index `until`, as many as fit into `budget` bytes, and
    /// the index behind the last of them.
    pub(crate) fn slice(&self, from: usize, until: usize, budget: usize) -> (Bytes, usize) {
        let start = self.start(from);
        let to = from + self.ends[from..until].partition_point(|end| end - start <= budget);
        (self.bytes.slice(start..self.start(to)), to)
    }
}

/// A block that is still being written.
#[derive(Debug, Default)]
pub(crate) struct BlockWriter {
    bytes: BytesMut,
    ends: Vec<usize>,
}

impl BlockWriter {
    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(crate) fn messages(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Makes space for so many more bytes.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve(bytes);
    }

    /// Appends a message. An empty one adds no bytes but counts as a message.
    pub(crate) fn push(&mut self, message: &str) {
        if !message.is_empty() {
            self.bytes.extend_from_slice(message.as_bytes());
            self.bytes.extend_from_slice(b"\n");
        }
        self.ends.push(self.bytes.len());
    }

    /// Bytes of message `index`, its newline included.
    pub(crate) fn message_bytes(&self, index: usize) -> usize {
        self.ends[index] - index.checked_sub(1).map_or(0, |previous| self.ends[previous])
    }

    /// Takes out what was written so far as a block, without copying it. Later messages are written
    /// behind it, in the same allocation.
    pub(crate) fn seal(&mut self) -> Block {
        let ends = self.ends.as_slice().into();
        self.ends.clear();
        Block { bytes: self.bytes.split().freeze(), ends }
    }
}
