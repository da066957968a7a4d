//! The server as the peer of one connection sees it. Its [`ConnectionHost`] also serves single HTTP
//! requests.

use std::net::IpAddr;
use std::sync::Arc;
use std::task::Poll;

use rtbroadcaster_protocol::{
    Claim, Delay, Host, KeyDigest, LaneOutcome, LaneWord, Operation, OwnerKey, Permissions, Refusal,
    RequestedEntry, Room, RoomCode, RoomId, SharedLanes, Timestamp,
};

use super::decision::{Asked, Decided, EntryDecision};
use crate::access::RequestParts;
use crate::metrics::{LaneMessages, RosterAsked};
use crate::rooms::{CLOSED_BY_OWNER, ReservedCode, RoomTable};
use crate::services::Services;
use crate::shared_room::SharedRoom;

/// The host of a connection's [`Peer`](rtbroadcaster_protocol::Peer). It keeps the connection's
/// room, so that the table of rooms is searched only when the connection enters one.
#[derive(Debug)]
pub(crate) struct ConnectionHost {
    services: Arc<Services>,
    /// The client's address, if it is known.
    remote: Option<IpAddr>,
    /// Who the client is, as its last token says.
    subject: Option<String>,
    /// What others are to call it, as its last token says.
    name: Option<Box<str>>,
    room: Option<(RoomId, Arc<SharedRoom>)>,
    /// The application's decision about the client. None if it doesn't decide about this one.
    decision: Option<Box<EntryDecision>>,
    /// The code of the room that it is about to open, if other servers have the same rooms.
    reserved: Option<ReservedCode>,
    /// Whether the room is always served after what is done with it.
    serves: bool,
}

impl ConnectionHost {
    /// The host of a single request.
    pub(crate) fn new(services: Arc<Services>, remote: Option<IpAddr>) -> Self {
        let (subject, name, room, decision, reserved) = (None, None, None, None, None);
        Self { services, remote, subject, name, room, decision, reserved, serves: false }
    }

    /// The host of a connection, whose task serves the room after each read, and when it ends.
    pub(super) fn of_connection(services: Arc<Services>, remote: Option<IpAddr>) -> Self {
        Self { serves: true, ..Self::new(services, remote) }
    }

    /// Has the application decide about the client that sent this request.
    pub(crate) fn decide_by(&mut self, RequestParts(request): RequestParts) {
        self.decision = Some(Box::new(EntryDecision::new(request)));
    }

    /// Has the next room opened with this code.
    pub(crate) fn reserve(&mut self, code: Option<ReservedCode>) {
        self.reserved = code;
    }

    /// What is to be found out now.
    pub(super) fn take_asked(&mut self) -> Option<Asked> {
        self.decision.as_mut()?.take_asked()
    }

    /// Notes what was found out.
    pub(super) fn decide(&mut self, mut decided: Decided) {
        if let Decided::Entry { reserved, .. } = &mut decided {
            self.reserved = reserved.take();
        }
        if let Some(entry) = &mut self.decision {
            entry.decide(decided);
        }
    }

    /// Frees what only a client needs that has not entered yet.
    pub(super) fn forget_request(&mut self) {
        self.decision = None;
    }

    /// What all connections share.
    pub(super) fn services(&self) -> &Arc<Services> {
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
        self.name = bearer.name.map(String::into_boxed_str);
        Ok(bearer.permissions)
    }

    fn may_enter(&mut self, entry: &RequestedEntry<'_>) -> Poll<Result<(), Refusal>> {
        match &mut self.decision {
            Some(decision) => decision.about(entry, self.remote),
            None => Poll::Ready(Ok(())),
        }
    }

    fn may_ask_for_room(&mut self, now: Timestamp) -> Result<(), Refusal> {
        self.remote.map_or(Ok(()), |remote| self.services.rooms.may_ask_for_room(remote, now))
    }

    fn note_unknown_room(&mut self, room: RoomId, now: Timestamp) {
        if let Some(remote) = self.remote {
            self.services.rooms.note_unknown_room(room, remote, now);
        }
    }

    fn find_code(&mut self, code: RoomCode, now: Timestamp) -> Poll<Result<Option<RoomId>, Refusal>> {
        match &mut self.decision {
            Some(decision) if self.services.shares_rooms() => decision.about_code(code, self.remote),
            _ => Poll::Ready(self.services.rooms.look_up_code(code, self.remote, now)),
        }
    }

    fn create(&mut self, session: Option<&str>, has_code: bool) -> Result<(RoomId, OwnerKey), Refusal> {
        let subject = self.subject.as_deref();
        let reserved = self.reserved.take();
        let (id, key, room) =
            self.services.rooms.create(session, has_code, reserved, self.remote, subject)?;
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

    fn time_ms(&self, now: Timestamp) -> u64 {
        self.services.clock.time_ms(now)
    }

    fn sample_time_ms(&mut self, now: Timestamp) -> Option<u64> {
        self.services.clock_samples.take(now).ok()
    }

    fn random(&mut self) -> u64 {
        RoomTable::random()
    }

    fn token_name(&mut self) -> Option<String> {
        self.name.take().map(String::from)
    }

    fn note_roster_page(&mut self, refused: Option<&Refusal>) {
        self.services.metrics.roster_asked(RosterAsked::of(refused));
    }

    fn lanes(&mut self, room: RoomId) -> Option<SharedLanes> {
        self.find(room).map(|room| room.lanes().clone())
    }

    fn lane_pause(&mut self, now: Timestamp) -> Option<Delay> {
        self.services.lane_traffic.count(now)
    }

    fn token_subject(&self) -> Option<String> {
        self.subject.clone()
    }

    fn note_lane_message(&mut self, word: &LaneWord<'_>, outcome: &LaneOutcome) {
        self.services.metrics.lane_message(LaneMessages::of(word, outcome));
    }

    fn note_refusal(&mut self, refusal: &Refusal) {
        self.services.metrics.refused(refusal);
    }

    fn digest(&mut self, owner_key: &str) -> KeyDigest {
        RoomTable::digest(owner_key)
    }
}
