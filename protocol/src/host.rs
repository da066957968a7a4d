//! What a connection asks of the server around it.

use std::fmt;

use crate::{KeyDigest, RefusalCode, Room, RoomId, Timestamp};

/// The secret that proves ownership of a room. It is shown to nobody but the owner, logs included.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnerKey(pub String);

impl fmt::Debug for OwnerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OwnerKey(…)")
    }
}

/// What a connection asks of the server around it: the table of rooms, and whatever needs randomness or a hash.
pub trait Host {
    /// Opens a room with a new id and a new owner key.
    ///
    /// # Errors
    /// `too_many_rooms`.
    fn create(&mut self, session: Option<&str>) -> Result<(RoomId, OwnerKey), RefusalCode>;

    /// Does something to a room; nothing if it isn't there or is closed.
    fn with<R>(&mut self, room: RoomId, act: impl FnOnce(&mut Room) -> R) -> Option<R>;

    /// Closes a room: [`Host::with`] finds it no more, and whoever is in it is woken to hear of it.
    fn close(&mut self, room: RoomId);

    /// The room has lost its owner and is to be closed at this moment unless the owner comes back.
    fn expire_at(&mut self, room: RoomId, moment: Timestamp);

    /// The digest under which an owner key is kept.
    fn digest(&mut self, owner_key: &str) -> KeyDigest;
}
