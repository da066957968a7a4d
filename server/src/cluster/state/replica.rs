//! The replicas of this node: for each of its rooms, how far it is in the room's log.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rtbroadcaster_protocol::{Replica, RoomId, Timestamp};

use super::audience::AudienceElsewhere;

/// The replicas, by room.
#[derive(Debug, Default)]
pub(crate) struct Replicas(Mutex<HashMap<RoomId, Arc<SharedReplica>>>);

/// This node's part in the log of one room.
///
/// Whoever locks a room and its replica locks the room first.
#[derive(Debug)]
pub(crate) struct SharedReplica {
    pub(crate) id: RoomId,
    state: Mutex<ReplicaState>,
    /// Locked by whoever reads the log of the room.
    pub(crate) reading: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
pub(crate) struct ReplicaState {
    /// None while the room is being made for the first time.
    pub(crate) replica: Option<Replica>,
    /// The room is being made out of its log. Entries that come meanwhile are only noted.
    pub(crate) is_behind: bool,
    /// The position of the newest entry that was heard of.
    pub(crate) seen: u64,
    /// A task proposes what the room stages.
    pub(crate) is_proposing: bool,
    /// Since when the proposal waits whose outcome isn't known yet. None if there is none.
    pub(crate) proposed: Option<Timestamp>,
    /// The newest entry is this node's.
    pub(crate) is_last_writer: bool,
    /// The newest entry with a checkpoint is this node's, and what is before it may be deleted.
    pub(crate) may_delete: bool,
    /// When the newest entry came.
    pub(crate) last_entry: Timestamp,
    /// Since when nobody needs the replica here.
    pub(crate) unused_since: Option<Timestamp>,
    pub(crate) audience: AudienceElsewhere,
    /// When the code of the room is to be looked at. None if it never was.
    pub(crate) code_due: Option<Timestamp>,
    /// When the replica was made.
    pub(crate) since: Timestamp,
}

impl ReplicaState {
    /// The node that has the owner's connection; 0 if there is none.
    pub(crate) fn holder(&self) -> u64 {
        self.replica.as_ref().map_or(0, Replica::holder)
    }

    /// The position up to which the room is what its log says.
    pub(crate) fn position(&self) -> u64 {
        self.replica.as_ref().map_or(0, Replica::position)
    }

    /// Whether this node was the last one to change a room whose owner is away: it closes the room
    /// when the grace is over.
    pub(crate) fn closes_after_grace(&self) -> bool {
        self.is_last_writer && self.holder() == 0
    }

    /// Whether the room is not all that its log was heard to say.
    pub(crate) fn lacks_entries(&self) -> bool {
        self.is_behind || self.seen > self.position()
    }

    /// Whether something of the room is not in the log yet.
    pub(crate) fn has_unkept(&self) -> bool {
        self.replica.as_ref().is_some_and(Replica::has_unkept)
    }
}

impl SharedReplica {
    pub(crate) fn new(id: RoomId, replica: Option<Replica>, now: Timestamp) -> Self {
        let state = ReplicaState {
            is_behind: replica.is_none(),
            replica,
            seen: 0,
            is_proposing: false,
            proposed: None,
            is_last_writer: false,
            may_delete: false,
            last_entry: now,
            unused_since: None,
            audience: AudienceElsewhere::default(),
            code_due: None,
            since: now,
        };
        Self { id, state: Mutex::new(state), reading: tokio::sync::Mutex::new(()) }
    }

    /// The state is whole at every point where a panic could happen.
    pub(crate) fn lock(&self) -> MutexGuard<'_, ReplicaState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Replicas {
    pub(crate) fn get(&self, room: RoomId) -> Option<Arc<SharedReplica>> {
        self.table().get(&room).cloned()
    }

    pub(crate) fn insert(&self, replica: SharedReplica) -> Arc<SharedReplica> {
        let replica = Arc::new(replica);
        self.table().insert(replica.id, Arc::clone(&replica));
        replica
    }

    pub(crate) fn remove(&self, room: RoomId) -> Option<Arc<SharedReplica>> {
        self.table().remove(&room)
    }

    pub(crate) fn all(&self) -> Vec<Arc<SharedReplica>> {
        self.table().values().cloned().collect()
    }

    fn table(&self) -> MutexGuard<'_, HashMap<RoomId, Arc<SharedReplica>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
