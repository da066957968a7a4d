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

    /// Does something to a room; nothing if it isn't there. Whoever is in a room still finds it when it is closed.
    fn with<R>(&mut self, room: RoomId, act: impl FnOnce(&mut Room) -> R) -> Option<R>;

    /// Takes a room out of the table and calls [`Room::close`]. It is freed when nobody is in it any more.
    fn close(&mut self, room: RoomId);

    /// [`Room::tick`] is to be called at this moment, and the room closed if it says so.
    fn wake_at(&mut self, room: RoomId, moment: Timestamp);

    /// The digest under which an owner key is kept.
    fn digest(&mut self, owner_key: &str) -> KeyDigest;
}
