//! The straight way: live actions that whoever drives the session hands over by itself, without telling it of each.
//!
//! A page takes a thousand actions a second. While all is quiet, what the session would make of the next one is plain:
//! it has the next seq, and it is handed over. So the driver asks once for that seq, hands over what comes in a row, and
//! says how far it came before it says anything else. Whatever else there is to decide goes the ordinary way, by
//! [`Input::Received`](super::Input::Received).

use super::{Session, SessionStatus, State};
use crate::Timestamp;

impl<P> Session<P> {
    /// The seq of the action that the driver may hand over by itself; none while actions must be [received](Self::handle).
    #[must_use]
    pub fn straight_seq(&self) -> Option<u64> {
        let is_live = matches!(self.state, State::Live { .. });
        if is_live && self.status == SessionStatus::Connected && self.is_idle() {
            self.progress.straight_seq()
        } else {
            None
        }
    }

    /// The driver has handed over all actions up to this seq.
    pub fn handed_over(&mut self, now: Timestamp, seq: u64) {
        if let State::Live { heard, pong_due, .. } = &mut self.state {
            *heard = now;
            *pong_due = None;
        }
        self.progress.handed_over(seq);
    }

    /// Where the session notes what a slot has; none if nothing was handed over for it. It stays there until something
    /// is [received](Self::handle).
    #[must_use]
    pub fn place_of_slot(&self, slot: &str) -> Option<usize> {
        self.progress.find(slot)
    }

    /// The action that the driver hands over by itself is the slot's state message now.
    pub fn slot_written(&mut self, place: usize, seq: u64) {
        self.progress.written(place, seq);
    }
}
