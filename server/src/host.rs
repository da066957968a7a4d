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
    changed: watch::Receiver<()>,
}

impl ConnectionHost {
    pub(crate) fn new(manager: Manager) -> Self {
        Self { manager, room: None }
    }

    /// Everything that has changed in the room until now is about to be looked at.
    pub(crate) fn mark_seen(&mut self) {
        if let Some(room) = &mut self.room {
            room.changed.mark_unchanged();
        }
    }

    /// Resolves when something has changed in the room since [`ConnectionHost::mark_seen`].
    pub(crate) async fn changed(&mut self) {
        // The sender lives in the handle, which we hold, so this never ends with an error.
        let changed = match &mut self.room {
            Some(room) => room.changed.changed().await.is_ok(),
            None => false,
        };
        if !changed {
            std::future::pending::<()>().await;
        }
    }

    fn enter(&mut self, id: RoomId, handle: Arc<RoomHandle>) -> &RoomHandle {
        let changed = handle.subscribe();
        &self.room.insert(Entered { id, handle, changed }).handle
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

    fn expire_at(&mut self, room: RoomId, moment: Timestamp) {
        self.manager.expire_at(room, moment);
    }

    fn digest(&mut self, owner_key: &str) -> KeyDigest {
        Manager::digest(owner_key)
    }
}
