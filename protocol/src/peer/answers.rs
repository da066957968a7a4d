//! What one client alone is sent: replies, acknowledgements, refusals, the end. A
//! [`Peer`](super::Peer) collects it here until the next frame.

use std::collections::VecDeque;

use crate::mutation::mutated;
use crate::room::Frame;
use crate::{Mark, Refusal, Rendering, RoomId, ServerMessage, Status, render};

/// The answers that the client was not sent yet, in its rendering.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) rendering: Rendering,
    /// The rendered answers, with a newline after each.
    text: String,
    /// What waits for the room's journal. None without a journal, and mostly: there are many
    /// clients.
    held: Option<Box<Held>>,
    /// The newest acknowledgement, which the next action may still extend.
    ack: Option<Ack>,
    /// Refusals of messages of the frame that is being read. Those of an owner's numbered actions
    /// don't count, because each of them must be answered.
    pub(super) refusals: usize,
}

/// Answers that must not be sent before the room's journal has kept all records up to their marks.
#[derive(Debug, Default)]
struct Held {
    /// In order.
    answers: VecDeque<(Mark, Waiting)>,
    /// Bytes of their texts, and a little for each acknowledgement.
    bytes: usize,
    /// The mark for the next answers. None if they need not wait.
    mark: Option<Mark>,
}

/// An answer that waits for the room's journal.
#[derive(Debug)]
enum Waiting {
    Ack(Ack),
    /// Rendered, with a newline at the end.
    Text(String),
}

/// Everything up to action `id` was answered; that one was appended at `seq`.
#[derive(Debug, Clone, Copy)]
struct Ack {
    id: u64,
    seq: u64,
}

impl Default for Answers {
    fn default() -> Self {
        Self { rendering: Rendering::Original, text: String::new(), held: None, ack: None, refusals: 0 }
    }
}

impl Answers {
    /// Whether this client speaks session fields.
    pub(super) fn is_compact(&self) -> bool {
        self.rendering == Rendering::Compact
    }

    /// Whether nothing can be sent now.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.ack.is_none()
    }

    /// Whether some wait for the room's journal.
    pub(super) fn are_waiting(&self) -> bool {
        self.held.as_ref().is_some_and(|held| !held.answers.is_empty())
    }

    /// Bytes of the rendered answers.
    pub(super) fn bytes(&self) -> usize {
        self.text.len() + self.held.as_ref().map_or(0, |held| held.bytes)
    }

    /// Makes later answers wait until the room's journal has kept all records up to the mark.
    /// Answers that come after one that waits wait too.
    pub(super) fn wait_for(&mut self, mark: Option<Mark>) {
        let mark = mark.filter(|_| !mutated!(AnswerBeforeKept));
        if mark.is_some() || self.held.is_some() {
            self.held.get_or_insert_default().mark = mark;
        }
    }

    /// Lets those be sent that have waited long enough.
    pub(super) fn release(&mut self, is_kept: impl Fn(Mark) -> bool) {
        let Some(mut held) = self.held.take() else { return };
        while held.answers.front().is_some_and(|(mark, _)| is_kept(*mark)) {
            let Some((_, answer)) = held.answers.pop_front() else { break };
            held.bytes -= answer.bytes();
            match answer {
                Waiting::Ack(ack) => self.acknowledge_now(ack),
                Waiting::Text(text) => {
                    self.flush_ack();
                    self.text.push_str(&text);
                }
            }
        }
        held.mark = held.mark.filter(|mark| !is_kept(*mark));
        self.held = Some(held);
    }

    /// Whether the first answer that waits does so for such a mark.
    pub(super) fn first_waits_for(&self, is_such: impl Fn(Mark) -> bool) -> bool {
        let first = self.held.as_ref().and_then(|held| held.answers.front());
        first.is_some_and(|(mark, _)| is_such(*mark))
    }

    /// Forgets what waits. The client has left the room, or will come back.
    pub(super) fn forget_waiting(&mut self) {
        self.held = None;
    }

    /// Adds a rendered answer, without its newline.
    fn push_text(&mut self, render: impl FnOnce(&mut String)) {
        if let Some(mark) = self.next_mark() {
            let mut text = String::new();
            render(&mut text);
            text.push('\n');
            self.push_waiting(mark, Waiting::Text(text));
        } else {
            // The client must read earlier acknowledgements first, so the run of acknowledgements
            // ends here.
            self.flush_ack();
            render(&mut self.text);
            self.text.push('\n');
        }
    }

    /// What the next answer waits for: at least for those before it.
    fn next_mark(&self) -> Option<Mark> {
        let held = self.held.as_ref()?;
        held.mark.or_else(|| held.answers.back().map(|(mark, _)| *mark))
    }

    fn push_waiting(&mut self, mark: Mark, answer: Waiting) {
        let held = self.held.get_or_insert_default();
        held.bytes += answer.bytes();
        held.answers.push_back((mark, answer));
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
        self.push_text(|out| render::compact(out, message));
    }

    /// Adds an answer that is rendered, without its newline. The client speaks session fields.
    pub(super) fn push_rendered(&mut self, text: &str) {
        self.push_text(|out| out.push_str(text));
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
        match self.next_mark() {
            Some(mark) => self.push_waiting(mark, Waiting::Ack(Ack { id, seq })),
            None => self.acknowledge_now(Ack { id, seq }),
        }
    }

    fn acknowledge_now(&mut self, next: Ack) {
        if self.ack.is_some_and(|ack| ack.seq + 1 != next.seq) {
            self.flush_ack();
        }
        self.ack = Some(next);
    }

    /// Adds the reply to create and join that a client without session fields gets.
    pub(super) fn push_original_reply(&mut self, uuid: &str) {
        self.push_text(|out| render::original_status(out, uuid, Status::Connected));
    }

    /// Adds a refusal. `counts` says whether it counts as one of the frame's.
    pub(super) fn push_refusal(&mut self, refusal: Refusal, uuid: &str, counts: bool) {
        self.refusals += usize::from(counts);
        match self.rendering {
            Rendering::Compact => self.push(&ServerMessage::Refused(refusal)),
            Rendering::Original => self.push_text(|out| render::original_refusal(out, uuid, &refusal)),
        }
    }

    /// Makes the end of the connection wait as an answer would.
    pub(super) fn push_silent_end(&mut self) {
        if let Some(mark) = self.next_mark() {
            self.push_waiting(mark, Waiting::Text(String::new()));
        }
    }

    /// Adds the message that the room is closed, or that the client has left it.
    pub(super) fn push_closed(&mut self, room: RoomId) {
        match self.rendering {
            Rendering::Compact => self.push(&ServerMessage::Closed),
            Rendering::Original => {
                let uuid = room.to_string();
                self.push_text(|out| render::original_status(out, &uuid, Status::NotConnected));
            }
        }
    }

    fn flush_ack(&mut self) {
        if let Some(Ack { id, seq }) = self.ack.take()
            && self.is_compact()
        {
            render::compact(&mut self.text, &ServerMessage::<&str>::Ack { id, seq });
            self.text.push('\n');
        }
    }
}

impl Waiting {
    fn bytes(&self) -> usize {
        match self {
            Self::Ack(_) => size_of::<(Mark, Self)>(),
            Self::Text(text) => text.len(),
        }
    }
}
