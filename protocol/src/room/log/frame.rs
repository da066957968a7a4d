//! The payload of one frame to a client, in shared pieces. A room and a peer fill it; the server
//! writes it.

use bytes::Bytes;

/// At most this many bytes go into one frame to a client. A larger message is a frame of its own. A
/// frame of this size is cheap to send and cheap for a browser to take apart. It bounds the memory
/// that a stalled connection holds.
pub(crate) const MAX_FRAME_BYTES: usize = 64 * 1024;

/// The payload of one text frame: messages joined by newlines, in pieces of shared bytes.
///
/// The caller keeps it and uses it again, so that serving a follower allocates nothing.
#[derive(Debug, Default)]
pub struct Frame {
    parts: Vec<Bytes>,
    /// Bytes of all parts, including the newline after the last message.
    bytes: usize,
    contents: Contents,
}

/// What a [`Frame`] holds from the room, for the server's metrics.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    /// Actions from the ring, including those that the client's rendering leaves out.
    pub actions: u64,
    /// Retained state messages.
    pub retained: u64,
    /// How many snapshots start in it that stand in for missed actions; at most one.
    pub resyncs: u64,
}

impl Frame {
    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Bytes of the payload.
    #[must_use]
    pub fn len(&self) -> usize {
        // Every message is followed by a newline, but within a frame they only stand between
        // messages.
        self.bytes.saturating_sub(1)
    }

    /// The payload in shared pieces.
    pub fn pieces(&self) -> impl Iterator<Item = Bytes> {
        let mut left = self.len();
        self.parts.iter().map(move |part| {
            let piece = part.slice(..part.len().min(left));
            left -= piece.len();
            piece
        })
    }

    /// The payload in the same pieces, borrowed.
    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let mut left = self.len();
        self.parts.iter().map(move |part| {
            let piece = &part[..part.len().min(left)];
            left -= piece.len();
            piece
        })
    }

    /// The payload in one piece. It is shared if there is only one piece, else copied together.
    #[must_use]
    pub fn payload(&self) -> Bytes {
        let mut pieces = self.pieces();
        match (pieces.next(), pieces.next()) {
            (None, _) => Bytes::new(),
            (Some(only), None) => only,
            (Some(_), Some(_)) => self
                .pieces()
                .fold(Vec::with_capacity(self.len()), |mut joined, piece| {
                    joined.extend_from_slice(&piece);
                    joined
                })
                .into(),
        }
    }

    /// Drops the payload, and keeps the memory to use it again.
    pub fn clear(&mut self) {
        self.parts.clear();
        self.bytes = 0;
        self.contents = Contents::default();
    }

    /// What it holds from the room.
    #[must_use]
    pub fn contents(&self) -> Contents {
        self.contents
    }

    pub(crate) fn contents_mut(&mut self) -> &mut Contents {
        &mut self.contents
    }

    /// Adds messages that each end with a newline.
    pub(crate) fn push(&mut self, messages: Bytes) {
        if !messages.is_empty() {
            self.bytes += messages.len();
            self.parts.push(messages);
        }
    }

    /// Adds one message without its newline.
    pub(crate) fn push_message(&mut self, mut message: String) {
        message.push('\n');
        self.push(message.into());
    }

    /// How many bytes of messages may still be added if the next message has `next` bytes. An empty
    /// frame takes a message of any size.
    pub(crate) fn budget(&self, next: usize) -> usize {
        let left = MAX_FRAME_BYTES.saturating_sub(self.bytes);
        if self.is_empty() { left.max(next) } else { left }
    }
}
