//! The manager as one connection sees it.

use std::net::IpAddr;
use std::sync::Arc;

use rtbroadcaster_protocol::{
    Host, KeyDigest, Operation, OwnerKey, Permissions, Refusal, Room, RoomId, Timestamp,
};

use crate::Manager;
use crate::fanout::shared_room::SharedRoom;

/// Gives a connection's [`Peer`](rtbroadcaster_protocol::Peer) the manager, and remembers the room that it is in, so
/// that the table is only asked when a connection enters.
#[derive(Debug)]
pub(crate) struct ConnectionHost {
    manager: Manager,
    /// The client's address, if it is known.
    remote: Option<IpAddr>,
    room: Option<(RoomId, Arc<SharedRoom>)>,
}

impl ConnectionHost {
    pub(crate) fn new(manager: Manager, remote: Option<IpAddr>) -> Self {
        Self { manager, remote, room: None }
    }

    /// The client's address, if it is known.
    pub(crate) fn remote(&self) -> Option<IpAddr> {
        self.remote
    }

    /// The room that the connection is in, or was last.
    pub(crate) fn handle(&self) -> Option<&Arc<SharedRoom>> {
        self.room.as_ref().map(|(_, handle)| handle)
    }

    fn find(&mut self, id: RoomId) -> Option<&SharedRoom> {
        if self.room.as_ref().is_none_or(|(room, _)| *room != id) {
            self.room = Some((id, self.manager.find(id)?));
        }
        self.room.as_ref().map(|(_, handle)| &**handle)
    }
}

impl Host for ConnectionHost {
    fn permissions(&mut self, operation: Operation, token: Option<&str>) -> Result<Permissions, Refusal> {
        self.manager.permissions(operation, token)
    }

    fn may_ask_for_room(&mut self, now: Timestamp) -> Result<(), Refusal> {
        self.remote.map_or(Ok(()), |remote| self.manager.may_ask_for_room(remote, now))
    }

    fn note_unknown_room(&mut self, now: Timestamp) {
        if let Some(remote) = self.remote {
            self.manager.note_unknown_room(remote, now);
        }
    }

    fn create(&mut self, session: Option<&str>) -> Result<(RoomId, OwnerKey), Refusal> {
        let (id, key, handle) = self.manager.create(session, self.remote)?;
        self.room = Some((id, handle));
        Ok((id, key))
    }

    fn with<R>(&mut self, room: RoomId, act: impl FnOnce(&mut Room) -> R) -> Option<R> {
        self.find(room)?.with(act)
    }

    fn close(&mut self, room: RoomId) {
        self.manager.close(room, "its owner closed it");
    }

    fn wake_at(&mut self, room: RoomId, moment: Timestamp) {
        self.manager.wake_at(room, moment);
    }

    fn refused(&mut self, refusal: &Refusal) {
        self.manager.metrics().refused(refusal);
    }

    fn digest(&mut self, owner_key: &str) -> KeyDigest {
        Manager::digest(owner_key)
    }
}
