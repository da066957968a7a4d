//! A room as the server's tasks share it.

use std::sync::{Mutex, MutexGuard};

use rtbroadcaster_protocol::Room;
use tokio::sync::watch;

/// One room behind its lock, and the bell that wakes whoever is in it.
///
/// The lock is held for an append or for cutting a slice out of the log, never across a write to a socket.
#[derive(Debug)]
pub(crate) struct RoomHandle {
    /// None once the room is closed.
    room: Mutex<Option<Room>>,
    /// Rung by every change of [`Room::version`].
    changed: watch::Sender<()>,
}

impl RoomHandle {
    pub(crate) fn new(room: Room) -> Self {
        Self { room: Mutex::new(Some(room)), changed: watch::Sender::new(()) }
    }

    /// Does something to the room and wakes its connections if that gave them something to send; nothing if the room
    /// is closed.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Room) -> R) -> Option<R> {
        let mut guard = self.lock();
        let room = guard.as_mut()?;
        let before = room.version();
        let result = act(room);
        if room.version() != before {
            self.changed.send_replace(());
        }
        Some(result)
    }

    /// Closes the room; whoever is in it is woken to find it gone.
    pub(crate) fn close(&self) {
        *self.lock() = None;
        self.changed.send_replace(());
    }

    /// Tells when the room has changed.
    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Room>> {
        self.room.lock().expect("nothing panics while it holds a room")
    }
}
