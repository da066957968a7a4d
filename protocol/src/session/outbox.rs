//! The queue of the owner's actions that the room has not answered yet.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::mutation::mutated;
use crate::wire::json_writer::{append, write_number};
use crate::{Action, AnnouncedLimits, RefusalCode, render};

/// Why an action was not queued. Actions that were queued before are not affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub enum BroadcastError {
    /// This page is a follower.
    NotOwner,
    /// The session has ended.
    Closed,
    /// The function key or the slot is empty.
    EmptyKey,
    /// The action is larger than the server takes.
    TooLarge {
        /// Bytes of the action as it would be sent.
        bytes: usize,
        /// The server's limit: `limits.messageBytes`.
        limit: usize,
    },
    /// Too many actions, or too many bytes, wait for their answers.
    QueueFull,
}

impl BroadcastError {
    /// A stable code, the same in every SDK.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotOwner => RefusalCode::NotOwner.as_str(),
            Self::Closed => "closed",
            Self::EmptyKey => "invalid_argument",
            Self::TooLarge { .. } => RefusalCode::MessageTooLarge.as_str(),
            Self::QueueFull => "queue_full",
        }
    }

    /// What is wrong and what to do, for a person.
    #[must_use]
    pub fn message(&self) -> String {
        let text = match self {
            Self::NotOwner => "only the room's owner can broadcast",
            Self::Closed => "the room is closed on this page",
            Self::EmptyKey => "a function key or slot must not be empty",
            Self::TooLarge { .. } => "the action is larger than the server takes: send less in one action",
            Self::QueueFull => {
                "too many actions wait for the server: slow down, or wait until the connection is back"
            }
        };
        let mut message = String::from(text);
        if let Self::TooLarge { bytes, limit } = *self {
            append(&mut message, "; it has ");
            write_number(&mut message, bytes as u64);
            append(&mut message, " bytes, limits.messageBytes is ");
            write_number(&mut message, limit as u64);
        }
        message
    }
}

/// At most this many bytes are added to an action rendered without its id:
/// `{"id":18446744073709551615,`.
const ID_BYTES: usize = 26;

/// What adding an action to the queue has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Queued {
    /// The action's ticket: it names the action among those of this page. Tickets count up from 1.
    pub(crate) ticket: u64,
    /// The ticket of the action that it has replaced.
    pub(crate) replaced: Option<u64>,
}

/// The queue. An action leaves it when the room has answered it. Until then it can be sent again.
#[derive(Debug)]
pub(crate) struct Outbox {
    actions: Vec<PendingAction>,
    /// How many of the actions, from the front, were written to the current connection.
    written_count: usize,
    /// Of all actions together, without their ids.
    bytes: usize,
    /// The highest id given so far; 0 before the first.
    last_id: u64,
    /// The highest ticket given so far; 0 before the first.
    last_ticket: u64,
    limits: AnnouncedLimits,
}

/// An action in the queue.
#[derive(Debug)]
struct PendingAction {
    ticket: u64,
    /// Given when the action is first written. From then on neither id nor content changes.
    id: Option<u64>,
    slot: Option<String>,
    /// The message, rendered without its id.
    text: String,
}

impl Outbox {
    pub(crate) fn new() -> Self {
        Self {
            actions: Vec::new(),
            written_count: 0,
            bytes: 0,
            last_id: 0,
            last_ticket: 0,
            limits: AnnouncedLimits::default(),
        }
    }

    /// Sets the limits that the server announced.
    pub(crate) fn set_limits(&mut self, limits: AnnouncedLimits) {
        self.limits = limits;
    }

    /// Queues an action. It replaces one of the same slot that was never written, whose value is
    /// out of date. It goes to the end of the queue, so that no action overtakes another.
    // Inlined, like the functions that write an action: passing the action on in memory would cost
    // the npm package 80 bytes.
    #[inline(always)]
    pub(crate) fn push(&mut self, action: Action<&str>) -> Result<Queued, BroadcastError> {
        let Action { key, params, slot, .. } = action;
        if key.is_empty() || slot.is_some_and(str::is_empty) {
            return Err(BroadcastError::EmptyKey);
        }
        // With room for the fields' names: growing step by step costs more than all the rest.
        let mut text = String::with_capacity(key.len() + params.len() + 64);
        render::client_action(&mut text, None, action);
        self.push_message(text, slot)
    }

    /// Queues a message, rendered without its id. A clear of a slot replaces, like a new value, one
    /// that was never written.
    pub(crate) fn push_message(
        &mut self,
        text: String,
        slot: Option<&str>,
    ) -> Result<Queued, BroadcastError> {
        let limit = usize::try_from(self.limits.message_bytes).unwrap_or(usize::MAX);
        let bytes = text.len() + ID_BYTES;
        if bytes > limit {
            return Err(BroadcastError::TooLarge { bytes, limit });
        }
        let replaced_at = slot.and_then(|slot| self.find_unwritten(slot));
        let freed_bytes =
            replaced_at.and_then(|at| self.actions.get(at)).map_or(0, |action| action.text.len());
        let others = self.actions.len() - usize::from(replaced_at.is_some());
        // An empty queue accepts any action that the server accepts, however small the server's
        // ring is.
        if others > 0
            && (others as u64 >= self.limits.queue_actions
                || (self.bytes - freed_bytes + text.len()) as u64 > self.limits.queue_bytes)
        {
            return Err(BroadcastError::QueueFull);
        }
        let insert_at = replaced_at.filter(|_| mutated!(ReplaceInPlace));
        let replaced = replaced_at.map(|at| self.actions.remove(at).ticket);
        self.bytes = self.bytes - freed_bytes + text.len();
        self.last_ticket += 1;
        let ticket = self.last_ticket;
        let action = PendingAction { ticket, id: None, slot: slot.map(str::to_owned), text };
        self.actions.insert(insert_at.unwrap_or(self.actions.len()), action);
        Ok(Queued { ticket, replaced })
    }

    /// Whether the queue has room for the largest action that the server accepts.
    pub(crate) fn has_space(&self) -> bool {
        self.actions.is_empty()
            || ((self.actions.len() as u64) < self.limits.queue_actions
                && self.bytes as u64 + self.limits.message_bytes <= self.limits.queue_bytes)
    }

    /// Whether there is something to write to the current connection.
    pub(crate) fn has_unwritten(&self) -> bool {
        self.written_count < self.actions.len()
    }

    /// The highest id up to which this page has received all answers.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.actions.first().map_or(self.last_id, |oldest| oldest.id.map_or(self.last_id, |id| id - 1))
    }

    /// The id of the next action, if all earlier ones are answered.
    pub(crate) fn fast_path_id(&self) -> Option<u64> {
        self.actions.is_empty().then_some(self.last_id + 1)
    }

    /// Notes that all actions up to this id were written and answered without this queue. Returns
    /// whether the id is a new one.
    pub(crate) fn fast_path_answered(&mut self, id: u64) -> bool {
        core::mem::replace(&mut self.last_id, id) < id
    }

    /// The index of the newest action of this slot that was never written.
    fn find_unwritten(&self, slot: &str) -> Option<usize> {
        let is_unwritten =
            |action: &PendingAction| action.id.is_none() && action.slot.as_deref() == Some(slot);
        self.actions
            .get(self.written_count..)?
            .iter()
            .rposition(is_unwritten)
            .map(|at| self.written_count + at)
    }

    /// The next frame to write to the current connection: actions joined by newlines, as many as
    /// the server accepts in one message.
    pub(crate) fn next_frame(&mut self) -> Option<String> {
        let limit = usize::try_from(self.limits.message_bytes).unwrap_or(usize::MAX);
        let mut frame = String::new();
        while let Some(action) = self.actions.get_mut(self.written_count) {
            if !frame.is_empty() && frame.len() + 1 + ID_BYTES + action.text.len() > limit {
                break;
            }
            let id = *action.id.get_or_insert_with(|| {
                self.last_id += 1;
                self.last_id
            });
            if !frame.is_empty() {
                append(&mut frame, "\n");
            }
            render::with_id(&mut frame, id, &action.text);
            self.written_count += 1;
        }
        (!frame.is_empty()).then_some(frame)
    }

    /// Notes that there is a new connection. The room has answered all actions up to `answered`,
    /// and will repeat these answers. The rest is to be written again.
    pub(crate) fn reconnected(&mut self, answered: u64) {
        self.written_count = self.count_up_to(if mutated!(ForgetUnanswered) { u64::MAX } else { answered });
    }

    /// How many of the actions, from the front, have an id up to this one.
    #[inline(never)] // Inlined twice, it would cost every page 40 bytes.
    fn count_up_to(&self, id: u64) -> usize {
        self.actions.partition_point(|action| action.id.is_some_and(|own| own <= id))
    }

    /// Removes the actions that have no id up to `answered`: the page may write no more. The
    /// answers to the rest will come. Calls `report` with the ticket and the slot of each.
    pub(crate) fn drop_after(&mut self, answered: u64, mut report: impl FnMut(u64, Option<String>)) {
        self.written_count = self.count_up_to(answered);
        for action in self.actions.drain(self.written_count..) {
            self.bytes -= action.text.len();
            report(action.ticket, action.slot);
        }
    }

    /// Removes the actions up to `id`. The room has appended them one after the other, the last at
    /// `seq`. Calls `report` with the ticket and the seq of each.
    pub(crate) fn answered(&mut self, id: u64, seq: u64, mut report: impl FnMut(u64, u64)) {
        let count = self.count_up_to(id);
        self.written_count = self.written_count.saturating_sub(count);
        for (index, action) in self.actions.drain(..count).enumerate() {
            self.bytes -= action.text.len();
            report(action.ticket, seq.saturating_sub((count - 1 - index) as u64));
        }
    }

    /// Removes the action with this id, which the room has refused. Returns its ticket and the slot
    /// that it was to write.
    pub(crate) fn refused(&mut self, id: u64) -> Option<(u64, Option<String>)> {
        let at = self.actions.iter().position(|action| action.id == Some(id))?;
        let PendingAction { ticket, slot, text, .. } = self.actions.remove(at);
        self.bytes -= text.len();
        if at < self.written_count {
            self.written_count -= 1;
        }
        Some((ticket, slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action<'a>(key: &'a str, params: &'a str, slot: Option<&'a str>) -> Action<&'a str> {
        Action { key, params, slot, at: None }
    }

    fn frame(outbox: &mut Outbox) -> String {
        outbox.next_frame().unwrap_or_default()
    }

    #[test]
    fn an_unanswered_action_is_written_again_with_the_same_id_and_content() {
        let mut outbox = Outbox::new();
        outbox.push(action("a", "[1]", None)).unwrap();
        outbox.push(action("b", "[]", Some("s"))).unwrap();
        let first = frame(&mut outbox);
        assert_eq!(
            first,
            "{\"id\":1,\"funcKey\":\"a\",\"funcParams\":[1]}\n\
             {\"id\":2,\"funcKey\":\"b\",\"stateMessage\":true,\"slot\":\"s\"}"
        );
        assert_eq!(outbox.next_frame(), None);
        outbox.reconnected(0);
        assert_eq!(frame(&mut outbox), first);
        outbox.reconnected(1);
        assert_eq!(frame(&mut outbox), first.lines().nth(1).unwrap());
        let mut answers = Vec::new();
        outbox.answered(2, 8, |ticket, seq| answers.push((ticket, seq)));
        assert_eq!(answers, [(1, 7), (2, 8)]);
        outbox.reconnected(2);
        assert_eq!(outbox.next_frame(), None);
        assert_eq!(outbox.bytes, 0);
    }

    #[test]
    fn only_an_action_that_was_never_written_is_replaced_by_a_newer_one_of_its_slot() {
        let mut outbox = Outbox::new();
        outbox.push(action("goTo", "[1]", Some("goTo"))).unwrap();
        outbox.next_frame().unwrap();
        outbox.push(action("goTo", "[2]", Some("goTo"))).unwrap();
        outbox.push(action("beep", "[]", None)).unwrap();
        outbox.push(action("goTo", "[3]", Some("goTo"))).unwrap();
        outbox.reconnected(0);
        let lines: Vec<_> = frame(&mut outbox).lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].contains("\"id\":1,") && lines[0].contains("[1]"));
        assert!(lines[1].contains("\"id\":2,") && lines[1].contains("beep"));
        assert!(lines[2].contains("\"id\":3,") && lines[2].contains("[3]"));
    }

    #[test]
    fn clearing_a_slot_replaces_its_unwritten_value() {
        let mut outbox = Outbox::new();
        outbox.push(action("stroke", "[1]", Some("stroke-1"))).unwrap();
        outbox.push_message(r#"{"clear":"stroke-1"}"#.to_owned(), Some("stroke-1")).unwrap();
        assert_eq!(frame(&mut outbox), r#"{"id":1,"clear":"stroke-1"}"#);
    }

    #[test]
    fn a_full_queue_refuses_the_newest_and_keeps_the_rest() {
        let mut outbox = Outbox::new();
        outbox.set_limits(AnnouncedLimits { queue_actions: 2, ..AnnouncedLimits::default() });
        outbox.push(action("a", "[]", None)).unwrap();
        outbox.push(action("b", "[]", Some("b"))).unwrap();
        assert_eq!(outbox.push(action("c", "[]", None)), Err(BroadcastError::QueueFull));
        let replacing = outbox.push(action("b", "[2]", Some("b")));
        assert_eq!(replacing, Ok(Queued { ticket: 3, replaced: Some(2) }), "replacing takes no room");
        assert!(!outbox.has_space());
        outbox.next_frame().unwrap();
        assert_eq!(outbox.refused(1), Some((1, None)));
        assert!(outbox.has_space());
        assert!(outbox.push(action("c", "[]", None)).is_ok());
    }

    #[test]
    fn an_action_above_the_servers_limit_is_not_queued() {
        let mut outbox = Outbox::new();
        outbox.set_limits(AnnouncedLimits { message_bytes: 100, ..AnnouncedLimits::default() });
        let params = format!("[\"{}\"]", "x".repeat(100));
        assert!(matches!(
            outbox.push(action("a", &params, None)),
            Err(BroadcastError::TooLarge { limit: 100, .. })
        ));
        assert_eq!(outbox.next_frame(), None);
    }

    #[test]
    fn acknowledged_is_everything_before_the_oldest_action_without_an_answer() {
        let mut outbox = Outbox::new();
        assert_eq!(outbox.acknowledged(), 0);
        for key in ["a", "b", "c"] {
            outbox.push(action(key, "[]", None)).unwrap();
        }
        assert_eq!(outbox.acknowledged(), 0);
        outbox.next_frame().unwrap();
        outbox.answered(2, 2, |_, _| ());
        assert_eq!(outbox.acknowledged(), 2);
        outbox.refused(3);
        assert_eq!(outbox.acknowledged(), 3);
    }

    #[test]
    fn a_frame_is_never_larger_than_the_server_takes() {
        let mut outbox = Outbox::new();
        outbox.set_limits(AnnouncedLimits { message_bytes: 200, ..AnnouncedLimits::default() });
        for number in 0..20 {
            outbox.push(action("action", &format!("[{number}]"), None)).unwrap();
        }
        let mut actions = 0;
        while let Some(frame) = outbox.next_frame() {
            assert!(frame.len() <= 200);
            actions += frame.lines().count();
        }
        assert_eq!(actions, 20);
    }
}
