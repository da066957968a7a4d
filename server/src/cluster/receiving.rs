//! Taking the entries of logs: the rooms of this node become what their logs say.

use std::sync::Arc;

use rtbroadcaster_protocol::{LogEntry, Received, RecordError, Room, RoomId};
use tracing::{error, info, warn};

use super::Cluster;
use super::state::SharedReplica;
use crate::journal::StoredEntry;
use crate::shared_room::SharedRoom;

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reception {
    /// The room has it, or will get it while it is made out of its log.
    Done,
    /// Others are missing before it.
    Missing,
    /// The room must be made anew.
    Behind,
    /// Nobody can read it here. The room is gone from this node.
    Unreadable,
}

impl Cluster {
    /// Takes an entry that the log of a room has just taken.
    pub(super) fn receive_live(self: &Arc<Self>, id: RoomId, entry: &StoredEntry) {
        let Some(shared) = self.replicas.get(id) else { return };
        let Some(room) = self.room(id) else {
            let mut state = shared.lock();
            state.seen = state.seen.max(entry.position);
            return;
        };
        match self.receive(&shared, &room, entry) {
            Reception::Done | Reception::Unreadable => {}
            reception => {
                if reception == Reception::Missing {
                    self.counts.holes.add();
                }
                let (cluster, until) = (Arc::clone(self), Some(entry.position));
                self.spawn(async move { cluster.catch_up(&shared, &room, until).await });
            }
        }
    }

    /// Takes an entry of a room's log.
    pub(super) fn receive(
        self: &Arc<Self>,
        shared: &SharedReplica,
        room: &Arc<SharedRoom>,
        stored: &StoredEntry,
    ) -> Reception {
        if self.has(shared, stored.position) {
            return Reception::Done;
        }
        let entry = match LogEntry::decode(&stored.bytes) {
            Ok(entry) => entry,
            Err(reason) => {
                self.give_up_unreadable(room, reason);
                return Reception::Unreadable;
            }
        };
        let now = self.clock.now();
        let received = self.change(room, |room| {
            let mut state = shared.lock();
            state.seen = state.seen.max(stored.position);
            if state.is_behind {
                return Received::Known;
            }
            let Some(replica) = &mut state.replica else { return Received::Known };
            let before = replica.bytes_since_checkpoint();
            let received = replica.receive(room, stored.position, &entry, now);
            let has_checkpoint = replica.bytes_since_checkpoint() < before;
            if received == Received::Lost {
                replica.forget_unkept();
                room.lose_unkept();
                state.is_behind = true;
            } else if matches!(received, Received::Taken | Received::Kept) {
                state.last_entry = now;
                state.is_last_writer = received == Received::Kept;
                // This node hears of its own entry before or after the answer to it.
                state.may_delete |= state.is_last_writer && has_checkpoint;
            }
            received
        });
        match received {
            Some(Received::Hole) => Reception::Missing,
            Some(Received::Lost) => {
                self.counts.conflicts.add();
                Reception::Behind
            }
            Some(Received::Taken) => {
                self.counts.entries.add();
                Reception::Done
            }
            Some(Received::Known | Received::Kept) | None => Reception::Done,
        }
    }

    /// Whether the room has the entry at this position, as it mostly does where the entry was
    /// written. Nobody waits for the room's lock then.
    fn has(&self, shared: &SharedReplica, position: u64) -> bool {
        let mut state = shared.lock();
        state.seen = state.seen.max(position);
        state.replica.is_some() && state.position() >= position
    }

    /// Changes a room as its log says, and does what follows: its connections are served, and a
    /// room that has ended leaves the table. None if a bug has broken the room.
    pub(super) fn change<R>(
        self: &Arc<Self>,
        room: &Arc<SharedRoom>,
        act: impl FnOnce(&mut Room) -> R,
    ) -> Option<R> {
        let changed = room.with(|room| (act(room), room.take_alarm(), room.has_ended()));
        room.wake_waiting();
        room.serve();
        let table = self.table.upgrade()?;
        let (result, alarm, has_ended) = changed?;
        if let Some(moment) = alarm {
            table.wake_at(room.id(), moment);
        }
        let is_ours = self.replicas.get(room.id()).is_some_and(|shared| shared.lock().is_last_writer);
        if has_ended && table.remove_ended(room.id(), is_ours) && is_ours {
            let (logs, id) = (self.logs.clone(), room.id());
            self.spawn(async move {
                // What is left goes by its age.
                if let Err(error) = logs.delete_all_but_last(id).await {
                    info!(room = %id, %error, "the log of a closed room is kept a while longer");
                }
            });
        }
        Some(result)
    }

    /// Gives up the replica of a room: everybody in it is sent away, to come back.
    pub(super) fn give_up(&self, room: &SharedRoom) {
        room.with(Room::retire);
        room.wake_waiting();
        if let Some(table) = self.table.upgrade() {
            table.forget(room.id());
        }
    }

    fn give_up_unreadable(&self, room: &Arc<SharedRoom>, reason: RecordError) {
        match reason {
            RecordError::Newer => {
                warn!(room = %room.id(), "a node of a later version has written the room: update this node");
            }
            reason => error!(room = %room.id(), %reason, "the room's log can't be read"),
        }
        self.send_away(room);
    }
}
