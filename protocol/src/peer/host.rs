//! What a connection asks of the server around it.

use std::fmt;

use crate::{KeyDigest, Operation, Permissions, Refusal, Room, RoomId, Timestamp};

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
    /// What the bearer of this token, or whoever has none, may do, as far as it matters for this operation.
    ///
    /// # Errors
    /// `unauthorized` where a token is needed and there is none, or not one that is accepted; `keys_unavailable`.
    fn permissions(&mut self, operation: Operation, token: Option<&str>) -> Result<Permissions, Refusal>;

    /// Whether this client may ask for a room: who asked for many that aren't there is guessing.
    ///
    /// # Errors
    /// `rate_limited`.
    fn may_ask_for_room(&mut self, now: Timestamp) -> Result<(), Refusal>;

    /// The client has asked for a room that isn't there.
    fn note_unknown_room(&mut self, now: Timestamp);

    /// Opens a room with a new id and a new owner key.
    ///
    /// # Errors
    /// `too_many_rooms`, `rate_limited`.
    fn create(&mut self, session: Option<&str>) -> Result<(RoomId, OwnerKey), Refusal>;

    /// Does something to a room; nothing if it isn't there. Whoever is in a room still finds it when it is closed.
    fn with<R>(&mut self, room: RoomId, act: impl FnOnce(&mut Room) -> R) -> Option<R>;

    /// Takes a room out of the table and calls [`Room::close`]. It is freed when nobody is in it any more.
    fn close(&mut self, room: RoomId);

    /// [`Room::tick`] is to be called at this moment, and the room closed if it says so.
    fn wake_at(&mut self, room: RoomId, moment: Timestamp);

    /// The client is refused something; for whoever counts that.
    fn note_refusal(&mut self, _refusal: &Refusal) {}

    /// The digest under which an owner key is kept.
    fn digest(&mut self, owner_key: &str) -> KeyDigest;
}
