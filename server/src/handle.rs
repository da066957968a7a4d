//! A room as the server's tasks share it.

use std::sync::Mutex;

use rtbroadcaster_protocol::Room;
use tokio::sync::watch;

/// One room behind its lock, and the bells that wake whoever is in it.
///
/// The lock is held for an append or for cutting a slice out of the log, never across a write to a socket.
#[derive(Debug)]
pub(crate) struct RoomHandle {
    room: Mutex<Room>,
    /// Rung by every change of [`Room::version`].
    for_followers: watch::Sender<()>,
    /// Rung by every change of [`Room::owner_version`].
    for_owner: watch::Sender<()>,
}

impl RoomHandle {
    pub(crate) fn new(room: Room) -> Self {
        Self {
            room: Mutex::new(room),
            for_followers: watch::Sender::new(()),
            for_owner: watch::Sender::new(()),
        }
    }

    /// Does something to the room and wakes its connections if that gave them something to send. Nothing if a panic, a
    /// bug of ours, has left the room half changed: it counts as gone then, and all others live on.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Room) -> R) -> Option<R> {
        let mut room = self.room.lock().ok()?;
        let (before, owner_before) = (room.version(), room.owner_version());
        let result = act(&mut room);
        if room.version() != before {
            self.for_followers.send_replace(());
        }
        if room.owner_version() != owner_before {
            self.for_owner.send_replace(());
        }
        Some(result)
    }

    /// Tells when a follower may have something new to be sent.
    pub(crate) fn bell_for_followers(&self) -> watch::Receiver<()> {
        self.for_followers.subscribe()
    }

    /// Tells when the owner may have something new to be sent.
    pub(crate) fn bell_for_owner(&self) -> watch::Receiver<()> {
        self.for_owner.subscribe()
    }
}
