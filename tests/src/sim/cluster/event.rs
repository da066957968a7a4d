//! What happens between servers and their log, and when.

use std::collections::BTreeMap;
use std::rc::Rc;

use rtbroadcaster_protocol::{Audience, RoomId, Timestamp};

use super::log::{Bytes, GroupEnd};
use crate::sim::link::LinkId;

/// A process: a server, until it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) server: usize,
    pub(super) writer: u64,
}

/// A proposal on its way.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) number: u64,
    pub(super) previous: u64,
    pub(super) entry: Bytes,
    /// None if the group goes on in the next entry.
    pub(super) end: Option<Rc<GroupEnd>>,
}

/// Something that arrives or is due.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// A proposal reaches the log.
    Proposed { from: Process, room: RoomId, sent: Sent },
    /// The log's answer reaches the server: the position, or none if the entry was refused.
    Answered { to: Process, room: RoomId, number: u64, position: Option<u64> },
    /// An entry reaches a server.
    Live { to: Process, room: RoomId, position: u64 },
    /// A server hears how many follow on another one.
    Audience { to: Process, room: RoomId, from: u64, audience: Audience },
    /// No answer has come to this proposal.
    Unanswered { to: Process, room: RoomId, number: u64 },
    /// A server reads on in the log of a room.
    Read { to: Process, room: RoomId },
    /// A server goes on to load a room.
    Load { to: Process, room: RoomId },
    /// A server looks after a room.
    LookAfter { to: Process, room: RoomId },
    /// A server looks for rooms whose owners had connections to a server that is gone.
    LookForGone { to: Process },
    /// A client has waited for its room long enough.
    GiveUp { to: Process, link: LinkId },
    /// A server that can't reach the log sends its clients away.
    SendAway { to: Process },
}

impl Event {
    /// Where it happens. None if that is at the log.
    pub(super) fn process(&self) -> Option<Process> {
        match self {
            Self::Proposed { .. } => None,
            Self::Answered { to, .. }
            | Self::Live { to, .. }
            | Self::Audience { to, .. }
            | Self::Unanswered { to, .. }
            | Self::Read { to, .. }
            | Self::Load { to, .. }
            | Self::LookAfter { to, .. }
            | Self::LookForGone { to }
            | Self::GiveUp { to, .. }
            | Self::SendAway { to } => Some(*to),
        }
    }

    /// Whether the network has to bring it to the server.
    pub(super) fn is_message(&self) -> bool {
        matches!(self, Self::Answered { .. } | Self::Live { .. } | Self::Audience { .. })
    }
}

/// Events in the order in which they are due.
#[derive(Debug, Default)]
pub(super) struct Queue {
    events: BTreeMap<(Timestamp, u64), Event>,
    count: u64,
}

impl Queue {
    pub(super) fn push(&mut self, due: Timestamp, event: Event) {
        self.count += 1;
        self.events.insert((due, self.count), event);
    }

    pub(super) fn next_moment(&self) -> Option<Timestamp> {
        self.events.first_key_value().map(|((due, _), _)| *due)
    }

    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<Event> {
        if self.next_moment()? > now {
            return None;
        }
        self.events.pop_first().map(|(_, event)| event)
    }
}
