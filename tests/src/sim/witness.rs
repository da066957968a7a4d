//! What one page received, compared with what it must receive.

use std::collections::BTreeSet;

use rtbroadcaster_protocol::{Limits, ServerMessage};

use super::invariant::{Checked, Invariant};
use super::model::{RoomModel, State, What};

/// A page's record, from its first action to its last, across all its connections.
#[derive(Debug, Default)]
pub struct Witness {
    phase: Phase,
    /// The page has everything up to this seq; `None` before its first snapshot is complete.
    cursor: Option<u64>,
    /// The page's content of each slot.
    view: State,
    /// The numbers of all actions that it received.
    handed: BTreeSet<u64>,
    /// A snapshot was cut off: the page's slots are from two moments.
    is_torn: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is no reply yet on this connection.
    #[default]
    Outside,
    /// The snapshot is coming in; `last` is the seq of its newest message so far.
    Snapshot { last: u64 },
    /// Actions come in a row.
    Live,
    /// Only a resync may come.
    Behind,
}

impl Witness {
    /// The seq up to which the page was handed everything.
    #[must_use]
    pub fn cursor(&self) -> Option<u64> {
        self.cursor
    }

    /// What the page holds for each slot.
    #[must_use]
    pub fn view(&self) -> &State {
        &self.view
    }

    /// Whether a snapshot is coming in.
    pub(super) fn is_in_snapshot(&self) -> bool {
        matches!(self.phase, Phase::Snapshot { .. })
    }

    /// Whether the page has everything up to `target`.
    pub(super) fn is_complete(&self, target: u64) -> bool {
        self.phase == Phase::Live && self.cursor.is_some_and(|cursor| cursor >= target)
    }

    /// The connection is gone. Returns true if that cut off a snapshot.
    pub(super) fn disconnected(&mut self) -> bool {
        let before = std::mem::replace(&mut self.phase, Phase::Outside);
        let cut_off = matches!(before, Phase::Snapshot { .. });
        self.is_torn |= cut_off;
        cut_off
    }

    /// Checks a message that has come in, before the page receives it.
    /// With `may_lose`, what its server had in the ring may be lost to another server, so the ring
    /// may have reached less far back.
    pub(super) fn before(
        &mut self,
        message: &ServerMessage<String>,
        limits: &Limits,
        may_lose: bool,
    ) -> Checked {
        match message {
            ServerMessage::Connected(reply) => {
                self.phase = match self.cursor {
                    None => Phase::Snapshot { last: 0 },
                    Some(cursor) if self.is_torn || reply.seq > cursor + limits.ring_actions as u64 => {
                        Phase::Behind
                    }
                    Some(_) => Phase::Live,
                };
                Ok(())
            }
            ServerMessage::Resync(head) => self.resync(*head, limits, may_lose),
            ServerMessage::Action { .. } | ServerMessage::Cleared { .. } | ServerMessage::Synced(_) => {
                Invariant::JoiningIsOneStep
                    .ensure(self.phase != Phase::Outside, || format!("{message:?} came before the reply"))
            }
            _ => Ok(()),
        }
    }

    fn resync(&mut self, head: u64, limits: &Limits, may_lose: bool) -> Checked {
        let cursor = self.cursor.unwrap_or(0);
        Invariant::Order.ensure(matches!(self.phase, Phase::Live | Phase::Behind), || {
            format!("a resync in {:?}", self.phase)
        })?;
        // The bytes in the ring are not known here, so this checks only rings that are limited by
        // their number of actions.
        let within_ring =
            head - cursor.min(head) <= limits.ring_actions as u64 && limits.ring_bytes > 1_000_000;
        Invariant::ExactlyOnce.ensure(self.is_torn || !within_ring || may_lose, || {
            format!("a resync at {head} although the ring still had everything after {cursor}")
        })?;
        self.phase = Phase::Snapshot { last: 0 };
        Ok(())
    }

    /// Checks the page after it has received a message and has reported all its events.
    pub(super) fn after(&mut self, message: &ServerMessage<String>, room: &RoomModel) -> Checked {
        let ServerMessage::Synced(head) = message else { return Ok(()) };
        let invariant =
            if self.cursor.is_none() { Invariant::JoiningIsOneStep } else { Invariant::NoSilentGap };
        invariant.ensure(self.is_in_snapshot(), || format!("synced in {:?}", self.phase))?;
        let expected = room.state_at(*head);
        invariant.ensure(self.view == expected, || {
            format!("after the snapshot at {head} the page holds {:?}, not {expected:?}", self.view)
        })?;
        let cursor = self.cursor.unwrap_or(0);
        Invariant::Order
            .ensure(*head >= cursor, || format!("the snapshot at {head} goes back from {cursor}"))?;
        (self.cursor, self.phase, self.is_torn) = (Some(*head), Phase::Live, false);
        Ok(())
    }

    /// The page received an action.
    pub(super) fn action(&mut self, number: u64, slot: Option<&str>, room: &RoomModel) -> Checked {
        let seq = room.seq_of(number);
        let seq = seq.ok_or_else(|| Invariant::SingleWriter.violated(format!("{number} is in no log")))?;
        Invariant::ExactlyOnce
            .ensure(self.handed.insert(number), || format!("{number} was handed over twice"))?;
        self.step(seq)?;
        let sent = room.at(seq).and_then(|what| match what {
            What::Write { slot, .. } => Some(slot.as_str()),
            What::Plain { .. } | What::Clear { .. } => None,
        });
        Invariant::Order.ensure(slot == sent, || format!("{number} is of slot {slot:?}, not {sent:?}"))?;
        if let Some(slot) = slot {
            self.view.insert(slot.to_owned(), number);
        }
        Ok(())
    }

    /// The page was told that a slot is cleared.
    pub(super) fn cleared(&mut self, slot: &str, room: &RoomModel) -> Checked {
        if self.phase == Phase::Live {
            let seq = self.cursor.unwrap_or(0) + 1;
            let is_next = matches!(room.at(seq), Some(What::Clear { slot: cleared }) if cleared == slot);
            Invariant::NoSilentGap
                .ensure(is_next, || format!("{slot} was cleared instead of {:?}", room.at(seq)))?;
            self.cursor = Some(seq);
        }
        self.view.remove(slot);
        Ok(())
    }

    /// Whether this seq may come now.
    fn step(&mut self, seq: u64) -> Checked {
        match &mut self.phase {
            Phase::Outside => Err(Invariant::JoiningIsOneStep.violated(format!("{seq} before the reply"))),
            Phase::Behind => {
                Err(Invariant::NoSilentGap
                    .violated(format!("{seq} without a resync, after {:?}", self.cursor)))
            }
            Phase::Snapshot { last } => {
                Invariant::Order.ensure(seq > *last, || format!("{seq} after {last} in a snapshot"))?;
                *last = seq;
                Ok(())
            }
            Phase::Live => {
                let cursor = self.cursor.unwrap_or(0);
                Invariant::Order.ensure(seq > cursor, || format!("{seq} after {cursor}"))?;
                Invariant::NoSilentGap.ensure(seq == cursor + 1, || format!("{seq} right after {cursor}"))?;
                self.cursor = Some(seq);
                Ok(())
            }
        }
    }
}
