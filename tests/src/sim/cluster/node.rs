//! A server's part in the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rtbroadcaster_protocol::{Audience, Limits, Replica, ReplicaLoader, RoomId, Timestamp};

use super::event::{Process, Sent};
use super::log::GroupEnd;
use crate::sim::link::LinkId;
use crate::sim::model::Model;

/// A server's part in the cluster.
#[derive(Debug)]
pub(in crate::sim) struct Node {
    pub(super) process: Process,
    /// What its rooms must be: what it knows of their logs, and what it has done since.
    pub(in crate::sim) view: Model,
    /// Whether it takes connections.
    pub(in crate::sim) is_ready: bool,
    /// Whether it does nothing at all.
    pub(in crate::sim) is_stopped: bool,
    /// When that ends.
    pub(super) stopped_until: Timestamp,
    /// It can't reach the log before this moment.
    pub(super) cut_off_until: Option<Timestamp>,
    /// When connections ended that it had.
    pub(in crate::sim) left: BTreeMap<LinkId, Timestamp>,
    /// The connections that have closed the rooms that they own.
    pub(in crate::sim) closing: BTreeSet<LinkId>,
    pub(super) parts: BTreeMap<RoomId, Part>,
    /// The numbers of the newest entries that it has written.
    pub(super) numbers: BTreeMap<RoomId, u64>,
    pub(super) loads: BTreeMap<RoomId, Loading>,
    /// Rooms that are not in the log.
    pub(super) absent: BTreeSet<RoomId>,
    /// How many follow on other servers, and since when that is known.
    pub(super) elsewhere: BTreeMap<(RoomId, u64), (Audience, Timestamp)>,
}

/// A server's part in the log of one room.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) replica: Replica,
    /// What was sent last and isn't answered.
    pub(super) sent: Option<Sent>,
    /// The end of the group that is proposed.
    pub(super) proposed: Option<Rc<GroupEnd>>,
    /// The end of the next group.
    pub(super) waiting: Option<GroupEnd>,
    /// Whether the room must be made anew.
    pub(super) is_lost: bool,
    /// How many follow here, as others were told.
    pub(super) told: Audience,
}

/// A room that is being loaded.
#[derive(Debug)]
pub(super) struct Loading {
    pub(super) loader: ReplicaLoader,
    /// It is loaded up to this position.
    pub(super) target: u64,
}

impl Node {
    pub(in crate::sim) fn new(server: usize, limits: Limits) -> Self {
        Self {
            process: Process { server, writer: server as u64 + 1 },
            view: Model::new(limits),
            is_ready: true,
            is_stopped: false,
            stopped_until: Timestamp::default(),
            cut_off_until: None,
            left: BTreeMap::new(),
            closing: BTreeSet::new(),
            parts: BTreeMap::new(),
            numbers: BTreeMap::new(),
            loads: BTreeMap::new(),
            absent: BTreeSet::new(),
            elsewhere: BTreeMap::new(),
        }
    }

    /// Another process takes its place, and knows nothing.
    pub(super) fn start_again(&mut self, writer: u64) {
        self.process.writer = writer;
        self.view.forget_all();
        (self.is_ready, self.is_stopped) = (true, false);
        self.left.clear();
        self.closing.clear();
        self.parts.clear();
        self.numbers.clear();
        self.loads.clear();
        self.absent.clear();
        self.elsewhere.clear();
    }

    /// Whether a room is to be made anew.
    pub(in crate::sim) fn has_lost(&self, room: RoomId) -> bool {
        self.parts.get(&room).is_some_and(|part| part.is_lost)
    }

    pub(super) fn is_cut_off(&self) -> bool {
        self.cut_off_until.is_some()
    }
}

impl Part {
    pub(super) fn new(replica: Replica) -> Self {
        Self { replica, sent: None, proposed: None, waiting: None, is_lost: false, told: Audience::default() }
    }

    /// Forgets what was proposed and what waits for that.
    pub(super) fn forget_unkept(&mut self) {
        (self.sent, self.proposed, self.waiting) = (None, None, None);
    }
}
