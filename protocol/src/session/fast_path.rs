//! The straight way: live actions that whoever drives the session hands over or sends by itself, without telling it of each.
//!
//! A page takes a thousand actions a second. While all is quiet, what the session would make of the next one is plain:
//! it has the next seq, and it is handed over. So the driver asks once for that seq, hands over what comes in a row, and
//! says how far it came before it says anything else. Whatever else there is to decide goes the ordinary way, by
//! [`Input::Received`](super::Input::Received).
//!
//! An owner's actions likewise: while all that it has sent is answered, the next one has the next id and is written at
//! once. The driver asks for that id, writes actions in a row, takes the room's answers, and says which were answered
//! and which were not before it says anything else. Those it does not write by itself it [broadcasts](Session::broadcast).

use super::{Session, SessionStatus, State};
use crate::Timestamp;

/// Actions that a driver may have written by itself and not told the session of, at most.
pub(super) const MAX_ACTIONS: u64 = 1_024;
/// Bytes of one of them at most, without its id.
pub(super) const MAX_ACTION_BYTES: u64 = 3_072;
/// Bytes of a frame of them at most.
pub(super) const MAX_FRAME_BYTES: u64 = 48 * 1_024;

impl<P> Session<P> {
    /// The seq of the action that the driver may hand over by itself; none while actions must be [received](Self::handle).
    #[must_use]
    pub fn fast_path_seq(&self) -> Option<u64> {
        if self.is_settled() { self.progress.fast_path_seq() } else { None }
    }

    /// The id of the next action that the driver may write by itself, within the bounds that stand above; none while
    /// actions must be [broadcast](Self::broadcast).
    #[must_use]
    pub fn fast_path_id(&self) -> Option<u64> {
        let limits = &self.limits;
        let has_large_limits = limits.queue_actions >= MAX_ACTIONS
            && limits.queue_bytes >= MAX_ACTIONS * MAX_ACTION_BYTES
            && limits.message_bytes >= MAX_FRAME_BYTES;
        if self.is_owner() && self.is_settled() && has_large_limits {
            self.outbox.fast_path_id()
        } else {
            None
        }
    }

    /// The room has appended all actions up to this id, which the driver wrote by itself, and said so at this moment. If
    /// that is none, nothing was heard of the server.
    pub fn fast_path_answered(&mut self, now: Timestamp, id: u64) {
        if self.outbox.fast_path_answered(id) {
            self.note_received(now);
        }
    }

    /// The driver has written the action that it has just [broadcast](Self::broadcast) by itself, with the next id.
    pub fn fast_path_written(&mut self) {
        // The same that the driver wrote, and so not needed.
        drop(self.outbox.next_frame());
    }

    /// The driver has handed over all actions up to this seq.
    pub fn fast_path_delivered(&mut self, now: Timestamp, seq: u64) {
        self.note_received(now);
        self.progress.fast_path_delivered(seq);
    }

    /// Where the session notes what a slot has; none if nothing was handed over for it. It stays there until something
    /// is [received](Self::handle).
    #[must_use]
    pub fn slot_index(&self, slot: &str) -> Option<usize> {
        self.progress.find(slot)
    }

    /// The action that the driver hands over by itself is the slot's state message now.
    pub fn slot_written(&mut self, index: usize, seq: u64) {
        self.progress.set_slot_seq(index, seq);
    }

    fn is_settled(&self) -> bool {
        matches!(self.state, State::Live { .. }) && self.status == SessionStatus::Connected && self.is_idle()
    }

    fn note_received(&mut self, now: Timestamp) {
        if let State::Live { last_received_at, pong_due, .. } = &mut self.state {
            *last_received_at = now;
            *pong_due = None;
        }
    }
}
