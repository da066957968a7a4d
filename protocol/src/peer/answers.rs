//! What is said to one client alone: replies, acknowledgements, refusals, the end.

use crate::room::Frame;
use crate::{Refusal, Rendering, RoomId, ServerMessage, Status, render};

/// The answers to one client that are not sent yet, in the rendering that it understands.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) rendering: Rendering,
    /// The answers, a newline after each.
    text: String,
    /// The acknowledgement that the next action may still extend.
    ack: Option<Ack>,
    /// Refusals since the frame began that is being read, but for those that must be told however many they are.
    pub(super) refusals: usize,
}

#[derive(Debug, Clone, Copy)]
struct Ack {
    id: u64,
    seq: u64,
}

impl Default for Answers {
    fn default() -> Self {
        Self { rendering: Rendering::Original, text: String::new(), ack: None, refusals: 0 }
    }
}

impl Answers {
    /// Whether this client speaks session fields.
    pub(super) fn is_compact(&self) -> bool {
        self.rendering == Rendering::Compact
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.ack.is_none()
    }

    /// Bytes of those that are rendered.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Moves them into a frame, as many as it takes.
    pub(super) fn move_into(&mut self, frame: &mut Frame) {
        self.flush_ack();
        let first = self.text.find('\n').map_or(0, |newline| newline + 1);
        let budget = frame.budget(first);
        if self.text.len() <= budget {
            return frame.push(std::mem::take(&mut self.text).into());
        }
        let end = self.text.as_bytes()[..budget].iter().rposition(|byte| *byte == b'\n');
        if let Some(newline) = end {
            let rest = self.text.split_off(newline + 1);
            frame.push(std::mem::replace(&mut self.text, rest).into());
        }
    }

    /// Answers in the session fields' form; only those who speak them ask for it.
    pub(super) fn push(&mut self, message: &ServerMessage<&str>) {
        // What was acknowledged before must be read before: a run of acks ends here.
        self.flush_ack();
        render::compact(&mut self.text, message);
        self.text.push('\n');
    }

    /// Tells something that only those who speak session fields would understand.
    pub(super) fn push_if_compact(&mut self, message: &ServerMessage<&str>) {
        if self.is_compact() {
            self.push(message);
        }
    }

    /// Notes that an action is in the log. Actions in a row, in ids and in seqs, are acknowledged together.
    pub(super) fn acknowledge(&mut self, id: Option<u64>, seq: u64) {
        let Some(id) = id else { return };
        if self.ack.is_some_and(|ack| ack.seq + 1 != seq) {
            self.flush_ack();
        }
        self.ack = Some(Ack { id, seq });
    }

    /// The original's reply to create and join.
    pub(super) fn push_original_reply(&mut self, uuid: &str) {
        render::original_status(&mut self.text, uuid, Status::Connected);
        self.text.push('\n');
    }

    pub(super) fn push_refusal(&mut self, refusal: Refusal, uuid: &str, counts: bool) {
        self.refusals += usize::from(counts);
        match self.rendering {
            Rendering::Compact => self.push(&ServerMessage::Refused(refusal)),
            Rendering::Original => {
                self.flush_ack();
                render::original_refusal(&mut self.text, uuid, &refusal);
                self.text.push('\n');
            }
        }
    }

    pub(super) fn push_closed(&mut self, room: RoomId) {
        match self.rendering {
            Rendering::Compact => self.push(&ServerMessage::Closed),
            Rendering::Original => {
                render::original_status(&mut self.text, &room.to_string(), Status::NotConnected);
                self.text.push('\n');
            }
        }
    }

    fn flush_ack(&mut self) {
        if let Some(Ack { id, seq }) = self.ack.take() {
            self.push_if_compact(&ServerMessage::Ack { id, seq });
        }
    }
}
