//! The payload of one frame, in shared pieces.

use bytes::Bytes;

/// Bytes of one frame to a client; one message that is larger is a frame of its own. A frame of this size is cheap
/// to send and cheap for a browser to take apart, and bounds what a connection that stalls holds on to.
pub(crate) const MAX_FRAME_BYTES: usize = 64 * 1024;

/// The payload of one text frame: messages joined by newlines, as pieces of shared bytes.
///
/// It is the caller's to keep and use again, so that serving a follower allocates nothing.
#[derive(Debug, Default)]
pub struct Frame {
    parts: Vec<Bytes>,
    /// Of all parts, the newline behind the last message included.
    bytes: usize,
    contents: Contents,
}

/// What a [`Frame`] holds of a room, for whoever counts that.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    /// Actions out of the ring. One that the client's rendering leaves out is counted too.
    pub actions: u64,
    /// Retained state messages.
    pub retained: u64,
    /// Beginnings of a snapshot that stands in for actions which were missed; one at most.
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
        // Every message is followed by a newline, but within a frame they only stand between messages.
        self.bytes.saturating_sub(1)
    }

    /// The payload, in shared pieces.
    pub fn pieces(&self) -> impl Iterator<Item = Bytes> {
        let mut left = self.len();
        self.parts.iter().map(move |part| {
            let piece = part.slice(..part.len().min(left));
            left -= piece.len();
            piece
        })
    }

    /// The payload's bytes, in the same pieces.
    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let mut left = self.len();
        self.parts.iter().map(move |part| {
            let piece = &part[..part.len().min(left)];
            left -= piece.len();
            piece
        })
    }

    /// The payload in one piece: shared if it is one already, else copied together.
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

    /// Lets go of the payload and keeps the frame's own memory.
    pub fn clear(&mut self) {
        self.parts.clear();
        self.bytes = 0;
        self.contents = Contents::default();
    }

    /// What it holds of a room.
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

    /// How many bytes of messages may still be added when the next one has `next` bytes: an empty frame takes any.
    pub(crate) fn budget(&self, next: usize) -> usize {
        let left = MAX_FRAME_BYTES.saturating_sub(self.bytes);
        if self.is_empty() { left.max(next) } else { left }
    }
}
