//! The fast path: the driver of a session hands live actions to the page, or sends the page's own,
//! without telling the session of each. The driver is the code around the session; in the SDK it is
//! the shell.
//!
//! A page receives a thousand actions a second. While the session is settled, it is plain what it
//! would do with the next one: the action has the next seq, and it is handed over. So the driver
//! asks once for that seq and hands over the actions that follow each other. Before it tells the
//! session anything else, it says how far it came. Everything else goes by
//! [`Input::Received`](super::Input::Received).
//!
//! The same holds for an owner's actions. While everything that it sent is answered, the next
//! action gets the next id and is written at once. So the driver asks for that id, writes actions
//! that follow each other, and takes the room's answers. Before it tells the session anything else,
//! it says which actions were answered, and [broadcasts](Session::broadcast) those that were not.

use super::{Identity, Session, SessionStatus, State};
use crate::Timestamp;

/// A driver may have written at most this many actions without telling the session.
pub(super) const MAX_ACTIONS: u64 = 1_024;
/// Each of them has at most this many bytes, without its id.
pub(super) const MAX_ACTION_BYTES: u64 = 3_072;
/// A frame of them has at most this many bytes.
pub(super) const MAX_FRAME_BYTES: u64 = 48 * 1_024;

impl<P, I: Identity> Session<P, I> {
    /// The seq of the next action that the driver may hand over by itself. None while actions must
    /// be [received](Self::handle).
    #[must_use]
    pub fn fast_path_seq(&self) -> Option<u64> {
        if self.is_settled() { self.progress.fast_path_seq() } else { None }
    }

    /// The id of the next action that the driver may write by itself. It may write up to 1,024
    /// actions of up to 3,072 bytes each without their ids, in frames of up to 48 KiB. None while
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

    /// Notes that the room has appended all actions up to this id that the driver wrote by itself,
    /// and that the answer came at `now`. If the id isn't a new one, no answer came.
    pub fn fast_path_answered(&mut self, now: Timestamp, id: u64) {
        if self.outbox.fast_path_answered(id) {
            self.note_received(now);
        }
    }

    /// Notes that the driver has already written the action that it has just
    /// [broadcast](Self::broadcast), with the next id.
    pub fn fast_path_written(&mut self) {
        // The driver wrote the same frame, so this one is dropped.
        drop(self.outbox.next_frame());
    }

    /// Notes that the driver has handed over all actions up to this seq. The last of them came at
    /// `now`.
    pub fn fast_path_delivered(&mut self, now: Timestamp, seq: u64) {
        self.note_received(now);
        self.progress.fast_path_delivered(seq);
    }

    /// The index under which the session keeps a slot, for [`Session::slot_written`]. None if the
    /// page was handed no state message of it. The index holds until something is
    /// [received](Self::handle).
    #[must_use]
    pub fn slot_index(&self, slot: &str) -> Option<usize> {
        self.progress.find(slot)
    }

    /// Notes that the driver has handed over a state message of the slot with this index by itself.
    pub fn slot_written(&mut self, index: usize, seq: u64) {
        self.progress.set_slot_seq(index, seq);
    }

    /// Whether the session is live, has handed over everything, and has nothing left to do.
    fn is_settled(&self) -> bool {
        matches!(self.state, State::Live { .. })
            && self.status == SessionStatus::Connected
            && self.is_idle()
            && !self.moments.has_waiting()
    }

    fn note_received(&mut self, now: Timestamp) {
        if let State::Live { last_received_at, pong_due, .. } = &mut self.state {
            *last_received_at = now;
            *pong_due = None;
        }
    }
}
