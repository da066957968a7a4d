//! What one client alone is sent: replies, acknowledgements, refusals, the end. A
//! [`Peer`](super::Peer) collects it here until the next frame.

use crate::room::Frame;
use crate::{Refusal, Rendering, RoomId, ServerMessage, Status, render};

/// The answers that the client was not sent yet, in its rendering.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) rendering: Rendering,
    /// The rendered answers, with a newline after each.
    text: String,
    /// The newest acknowledgement, which the next action may still extend.
    ack: Option<Ack>,
    /// Refusals of messages of the frame that is being read. Those of an owner's numbered actions
    /// don't count, because each of them must be answered.
    pub(super) refusals: usize,
}

/// Everything up to action `id` was answered; that one was appended at `seq`.
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

    /// Bytes of the rendered answers.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Moves the answers into a frame, as many as fit.
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

    /// Adds an answer with session fields, for a client that speaks them.
    pub(super) fn push(&mut self, message: &ServerMessage<&str>) {
        // The client must read earlier acknowledgements first, so the run of acknowledgements ends
        // here.
        self.flush_ack();
        render::compact(&mut self.text, message);
        self.text.push('\n');
    }

    /// Adds an answer if the client speaks session fields. Others would not understand it.
    pub(super) fn push_if_compact(&mut self, message: &ServerMessage<&str>) {
        if self.is_compact() {
            self.push(message);
        }
    }

    /// Acknowledges an action that was appended at `seq`. Actions whose seqs follow each other are
    /// acknowledged together.
    pub(super) fn acknowledge(&mut self, id: Option<u64>, seq: u64) {
        let Some(id) = id else { return };
        if self.ack.is_some_and(|ack| ack.seq + 1 != seq) {
            self.flush_ack();
        }
        self.ack = Some(Ack { id, seq });
    }

    /// Adds the reply to create and join that a client without session fields gets.
    pub(super) fn push_original_reply(&mut self, uuid: &str) {
        render::original_status(&mut self.text, uuid, Status::Connected);
        self.text.push('\n');
    }

    /// Adds a refusal. `counts` says whether it counts as one of the frame's.
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

    /// Adds the message that the room is closed, or that the client has left it.
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
