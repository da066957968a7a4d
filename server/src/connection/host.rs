//! The server as the peer of one connection sees it. Its [`ConnectionHost`] also serves single HTTP
//! requests.

use std::net::IpAddr;
use std::sync::Arc;

use rtbroadcaster_protocol::{
    Claim, Host, KeyDigest, Operation, OwnerKey, Permissions, Refusal, Room, RoomId, Timestamp,
};

use crate::fanout::SharedRoom;
use crate::rooms::{CLOSED_BY_OWNER, RoomTable};
use crate::services::Services;

/// The host of a connection's [`Peer`](rtbroadcaster_protocol::Peer). It keeps the connection's
/// room, so that the table of rooms is searched only when the connection enters one.
#[derive(Debug)]
pub(crate) struct ConnectionHost {
    services: Arc<Services>,
    /// The client's address, if it is known.
    remote: Option<IpAddr>,
    /// Who the client is, as its last token says.
    subject: Option<String>,
    room: Option<(RoomId, Arc<SharedRoom>)>,
    /// Whether the room is always served after what is done with it.
    serves: bool,
}

impl ConnectionHost {
    /// The host of a single request.
    pub(crate) fn new(services: Arc<Services>, remote: Option<IpAddr>) -> Self {
        Self { services, remote, subject: None, room: None, serves: false }
    }

    /// The host of a connection, whose task serves the room after each read, and when it ends.
    pub(super) fn of_connection(services: Arc<Services>, remote: Option<IpAddr>) -> Self {
        Self { serves: true, ..Self::new(services, remote) }
    }

    /// What all connections share.
    pub(super) fn services(&self) -> &Services {
        &self.services
    }

    /// The client's address, if it is known.
    pub(crate) fn remote(&self) -> Option<IpAddr> {
        self.remote
    }

    /// The room that the connection is in, or was in last.
    pub(crate) fn room(&self) -> Option<&Arc<SharedRoom>> {
        self.room.as_ref().map(|(_, room)| room)
    }

    fn find(&mut self, id: RoomId) -> Option<&SharedRoom> {
        if self.room.as_ref().is_none_or(|(room, _)| *room != id) {
            self.room = Some((id, self.services.rooms.find(id)?));
        }
        self.room.as_ref().map(|(_, room)| &**room)
    }
}

impl Host for ConnectionHost {
    fn permissions(&mut self, operation: Operation, token: Option<&str>) -> Result<Permissions, Refusal> {
        let bearer = self.services.access.bearer(operation, token)?;
        self.subject = bearer.subject;
        Ok(bearer.permissions)
    }

    fn may_ask_for_room(&mut self, now: Timestamp) -> Result<(), Refusal> {
        self.remote.map_or(Ok(()), |remote| self.services.rooms.may_ask_for_room(remote, now))
    }

    fn note_unknown_room(&mut self, room: RoomId, now: Timestamp) {
        if let Some(remote) = self.remote {
            self.services.rooms.note_unknown_room(room, remote, now);
        }
    }

    fn create(&mut self, session: Option<&str>) -> Result<(RoomId, OwnerKey), Refusal> {
        let (id, key, room) = self.services.rooms.create(session, self.remote, self.subject.as_deref())?;
        self.room = Some((id, room));
        Ok((id, key))
    }

    fn may_reopen(&mut self, room: RoomId, owner_key: &str) -> bool {
        self.services.rooms.may_reopen(room, owner_key)
    }

    fn reopen(&mut self, room: RoomId, claim: &Claim<'_>) -> Result<(), Refusal> {
        let reopened = self.services.rooms.reopen(room, claim, self.remote, self.subject.as_deref())?;
        self.room = Some((room, reopened));
        Ok(())
    }

    fn awaits_owner(&mut self, room: RoomId, now: Timestamp) -> bool {
        self.services.rooms.awaits_owner(room, now)
    }

    fn with<R>(&mut self, room: RoomId, act: impl FnOnce(&mut Room) -> R) -> Option<R> {
        let serves = self.serves;
        let room = self.find(room)?;
        if serves { room.with_later_push(act) } else { room.with(act) }
    }

    fn close(&mut self, room: RoomId) {
        self.services.rooms.close(room, CLOSED_BY_OWNER);
    }

    fn wake_at(&mut self, room: RoomId, moment: Timestamp) {
        self.services.rooms.wake_at(room, moment);
    }

    fn params_depth(&self) -> usize {
        self.services.limits.params_depth
    }

    fn note_refusal(&mut self, refusal: &Refusal) {
        self.services.metrics.refused(refusal);
    }

    fn digest(&mut self, owner_key: &str) -> KeyDigest {
        RoomTable::digest(owner_key)
    }
}
