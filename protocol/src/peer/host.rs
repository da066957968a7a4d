//! What a connection asks of the server around it. The server, the simulation and the tests each
//! have a [`Host`].

use std::fmt;
use std::task::Poll;

use crate::{
    Claim, Delay, KeyDigest, LaneOutcome, LaneWord, Operation, Permissions, Refusal, RefusalCode,
    RequestedEntry, Room, RoomCode, RoomId, SharedLanes, Timestamp,
};

/// The secret that proves ownership of a room. Nobody but the owner sees it. It isn't logged.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnerKey(pub String);

impl fmt::Debug for OwnerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OwnerKey(…)")
    }
}

/// What a connection asks of the server around it: rooms, permissions, and what needs randomness or
/// a hash.
pub trait Host {
    /// What a client with this token, or without one, may do. `operation` is what the client wants;
    /// other permissions need not be right.
    ///
    /// # Errors
    /// - `unauthorized`: a token is needed and there is none, or it isn't accepted.
    /// - `keys_unavailable`: the server doesn't yet have the key that the token names.
    fn permissions(&mut self, operation: Operation, token: Option<&str>) -> Result<Permissions, Refusal>;

    /// Decides whether this client may enter a room, when its permissions allow it. While that
    /// isn't known it is pending: then the peer keeps the message, and its caller calls
    /// [`Peer::resume_reading`](crate::Peer::resume_reading) once it is known.
    fn may_enter(&mut self, _entry: &RequestedEntry<'_>) -> Poll<Result<(), Refusal>> {
        Poll::Ready(Ok(()))
    }

    /// Checks whether this client may ask for a room. A client that asked for many unknown rooms is
    /// guessing.
    ///
    /// # Errors
    /// `rate_limited`: its address asked for too many unknown rooms.
    fn may_ask_for_room(&mut self, now: Timestamp) -> Result<(), Refusal>;

    /// Notes that the client has asked for this room, which is unknown.
    fn note_unknown_room(&mut self, room: RoomId, now: Timestamp);

    /// The room that a code stands for. None if there is none. While that isn't known it is
    /// pending, as [`Host::may_enter`] is. By default there are no codes.
    ///
    /// # Errors
    /// - `rate_limited`: the client's address, or all together, asked for too many unknown codes.
    /// - `unavailable`: the server can't find out now.
    fn find_code(&mut self, _code: RoomCode, _now: Timestamp) -> Poll<Result<Option<RoomId>, Refusal>> {
        Poll::Ready(Ok(None))
    }

    /// Opens a room with a new id and a new owner key, and with a new code if `has_code`.
    ///
    /// # Errors
    /// - `unavailable`: the server has no code for it now.
    /// - `too_many_rooms`: there are as many rooms as there may be, or no memory for another.
    /// - `rate_limited`: the client's address opened too many rooms.
    fn create(&mut self, session: Option<&str>, has_code: bool) -> Result<(RoomId, OwnerKey), Refusal>;

    /// Whether the owner of this room, which the server doesn't know, may open it anew: the key
    /// proves that it was given out for a room with this id, which a former process has lost. By
    /// default no room is opened anew.
    fn may_reopen(&mut self, _room: RoomId, _owner_key: &str) -> bool {
        false
    }

    /// Opens a room anew for its owner: a [`Room::reopened`] with this id. To be asked only if
    /// [`Host::may_reopen`].
    ///
    /// # Errors
    /// - Those of [`Host::create`].
    /// - `unknown_room`: the room may not be opened anew after all.
    fn reopen(&mut self, _room: RoomId, _claim: &Claim<'_>) -> Result<(), Refusal> {
        Err(RefusalCode::UnknownRoom.into())
    }

    /// Whether the owner of this room, which the server doesn't know, is likely to open it anew
    /// soon. A follower that was in the room before is then told to come back.
    fn awaits_owner(&mut self, _room: RoomId, _now: Timestamp) -> bool {
        false
    }

    /// Does something with a room. None if there is no such room. A connection that is in a room
    /// still finds it when it is closed.
    fn with<R>(&mut self, room: RoomId, act: impl FnOnce(&mut Room) -> R) -> Option<R>;

    /// Removes a room from the table and calls [`Room::close`]. The room is freed once no
    /// connection is in it.
    fn close(&mut self, room: RoomId);

    /// Asks for [`Room::tick`] to be called at this moment. If that returns false, the host closes
    /// the room.
    fn wake_at(&mut self, room: RoomId, moment: Timestamp);

    /// How many levels the params of an action may have: see
    /// [`Limits::params_depth`](crate::Limits::params_depth).
    fn params_depth(&self) -> usize;

    /// The server's time at this moment, in milliseconds since 1970.
    fn time_ms(&self, now: Timestamp) -> u64;

    /// The same, for a page that estimates the server's clock. None if too many do so at once.
    fn sample_time_ms(&mut self, now: Timestamp) -> Option<u64> {
        Some(self.time_ms(now))
    }

    /// A random number. It decides in which order a room gives out the numbers of seats.
    fn random(&mut self) -> u64;
    /// The name that the token says of which the permissions were asked last. By default tokens
    /// say none.
    fn token_name(&mut self) -> Option<String> {
        None
    }
    /// Notes that a client has asked who is there, for the server's metrics.
    fn note_roster_page(&mut self, _refused: Option<&Refusal>) {}
    /// The lanes of a room. None if there is no such room. A server knows them without the room's
    /// lock.
    fn lanes(&mut self, room: RoomId) -> Option<SharedLanes> {
        self.with(room, |room| room.shared_lanes())
    }
    /// How long a client that says something on a lane is not to be read, because all clients
    /// together say too much. None if it may be.
    fn lane_pause(&mut self, _now: Timestamp) -> Option<Delay> {
        None
    }
    /// Whom the token names of which the permissions were asked last. By default tokens name
    /// nobody.
    fn token_subject(&self) -> Option<String> {
        None
    }
    /// Notes what became of a message on a lane, for the server's metrics.
    fn note_lane_message(&mut self, _word: &LaneWord<'_>, _outcome: &LaneOutcome) {}
    /// Notes a refusal to the client, for the server's metrics.
    fn note_refusal(&mut self, _refusal: &Refusal) {}

    /// The digest of an owner key, as a room keeps it.
    fn digest(&mut self, owner_key: &str) -> KeyDigest;
}

/// Does something with a room, and sets the room's alarm.
pub(super) fn with<R>(host: &mut impl Host, room: RoomId, act: impl FnOnce(&mut Room) -> R) -> Option<R> {
    let (result, alarm) = host.with(room, |room| (act(room), room.take_alarm()))?;
    if let Some(moment) = alarm {
        host.wake_at(room, moment);
    }
    Some(result)
}
