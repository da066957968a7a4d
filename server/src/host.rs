//! The manager as one connection sees it.

use std::sync::Arc;

use rtbroadcaster_protocol::{Host, KeyDigest, OwnerKey, RefusalCode, Room, RoomId, Timestamp};
use tokio::sync::watch;

use crate::Manager;
use crate::handle::RoomHandle;

/// Gives a connection's [`Peer`](rtbroadcaster_protocol::Peer) the manager, and remembers the room that it is in, so
/// that the table is only asked when a connection enters.
#[derive(Debug)]
pub(crate) struct ConnectionHost {
    manager: Manager,
    room: Option<Entered>,
}

#[derive(Debug)]
struct Entered {
    id: RoomId,
    handle: Arc<RoomHandle>,
    /// One of the two is listened to: a connection learns after it has entered whether it owns the room.
    for_followers: watch::Receiver<()>,
    for_owner: watch::Receiver<()>,
}

impl ConnectionHost {
    pub(crate) fn new(manager: Manager) -> Self {
        Self { manager, room: None }
    }

    /// Everything that has changed in the room until now is about to be looked at.
    pub(crate) fn mark_seen(&mut self) {
        if let Some(room) = &mut self.room {
            room.for_followers.mark_unchanged();
            room.for_owner.mark_unchanged();
        }
    }

    /// Resolves when something has changed in the room since [`ConnectionHost::mark_seen`] that concerns its owner, or
    /// its followers.
    pub(crate) async fn changed(&mut self, for_owner: bool) {
        let rung = match &mut self.room {
            Some(room) if for_owner => room.for_owner.changed().await.is_ok(),
            Some(room) => room.for_followers.changed().await.is_ok(),
            None => false,
        };
        if !rung {
            // No room yet. The bells themselves live in the handle, which we hold.
            std::future::pending::<()>().await;
        }
    }

    fn enter(&mut self, id: RoomId, handle: Arc<RoomHandle>) -> &RoomHandle {
        let (for_followers, for_owner) = (handle.bell_for_followers(), handle.bell_for_owner());
        &self.room.insert(Entered { id, handle, for_followers, for_owner }).handle
    }

    fn handle(&mut self, id: RoomId) -> Option<&RoomHandle> {
        if self.room.as_ref().is_none_or(|room| room.id != id) {
            let handle = self.manager.find(id)?;
            return Some(self.enter(id, handle));
        }
        self.room.as_ref().map(|room| &*room.handle)
    }
}

impl Host for ConnectionHost {
    fn create(&mut self, session: Option<&str>) -> Result<(RoomId, OwnerKey), RefusalCode> {
        let (id, key, handle) = self.manager.create(session)?;
        self.enter(id, handle);
        Ok((id, key))
    }

    fn with<R>(&mut self, room: RoomId, act: impl FnOnce(&mut Room) -> R) -> Option<R> {
        self.handle(room)?.with(act)
    }

    fn close(&mut self, room: RoomId) {
        self.manager.close(room, "its owner closed it");
    }

    fn wake_at(&mut self, room: RoomId, moment: Timestamp) {
        self.manager.wake_at(room, moment);
    }

    fn digest(&mut self, owner_key: &str) -> KeyDigest {
        Manager::digest(owner_key)
    }
}
