//! A follower, as the room sees it: a cursor into the log, and what it is sent next.

use bytes::Bytes;

use crate::block::Block;
use crate::followers::FollowerId;

/// Bytes of one frame to a client; one message that is larger is a frame of its own. A frame of this size is cheap
/// to send and cheap for a browser to take apart, and bounds what a connection that stalls holds on to.
pub(crate) const FRAME_BYTES: usize = 64 * 1024;

/// How messages are written for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rendering {
    /// For those who speak session fields: what is at its default is left out.
    Lean,
    /// For everybody else: the original's envelope.
    Whole,
}

/// How far a follower has been served.
#[derive(Debug)]
pub struct Cursor {
    /// None for what is no follower: an owner that is given the snapshot.
    pub(crate) follower: Option<FollowerId>,
    pub(crate) rendering: Rendering,
    pub(crate) position: Position,
}

#[derive(Debug)]
pub(crate) enum Position {
    /// The retained state is to be sent from its start; `resync` if that stands in for actions that were missed.
    Start { resync: bool },
    /// The retained state is being sent; it stands for everything up to `head`.
    Snapshot { block: Block, index: usize, head: u64 },
    /// Everything up to this seq has been served.
    Live { seq: u64 },
}

impl Cursor {
    /// Whether the retained state still has to be served, or the rest of it.
    #[must_use]
    pub fn is_catching_up(&self) -> bool {
        !matches!(self.position, Position::Live { .. })
    }

    /// How messages are written for this follower.
    #[must_use]
    pub fn rendering(&self) -> Rendering {
        self.rendering
    }
}

/// The payload of one text frame: messages joined by newlines, as pieces of shared bytes.
///
/// It is the caller's to keep and use again, so that serving a follower allocates nothing.
#[derive(Debug, Default)]
pub struct Frame {
    parts: Vec<Bytes>,
    len: usize,
}

impl Frame {
    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The payload in one piece: shared if it is one already, else copied together.
    #[must_use]
    pub fn payload(&self) -> Bytes {
        // Every message is followed by a newline, but within a frame they only stand between messages.
        let len = self.len.saturating_sub(1);
        match self.parts.as_slice() {
            [] => Bytes::new(),
            [only] => only.slice(..len),
            parts => {
                let mut whole = parts.concat();
                whole.truncate(len);
                whole.into()
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.parts.clear();
        self.len = 0;
    }

    /// Adds messages that each end with a newline.
    pub(crate) fn push(&mut self, messages: Bytes) {
        if !messages.is_empty() {
            self.len += messages.len();
            self.parts.push(messages);
        }
    }

    /// Adds one message without its newline.
    pub(crate) fn push_message(&mut self, mut message: String) {
        message.push('\n');
        self.push(message.into());
    }

    /// How many bytes of messages may still be added when the next one has `next` bytes: an empty frame takes any.
    pub(crate) fn budget(&self, next: usize) -> usize {
        let left = FRAME_BYTES.saturating_sub(self.len);
        if self.is_empty() { left.max(next) } else { left }
    }
}
