//! The server's side of one connection: what a client may do where it stands, and what it is answered.

mod answers;

use answers::Answers;

use crate::follower::{Cursor, Frame, Rendering};
use crate::{
    Accepted, Action, Claim, ClientMessage, CloseCode, Connected, Create, Host, Join, OwnerPresence,
    PROTOCOL_VERSION, Refusal, RefusalCode, Room, RoomId, ServerMessage, Timestamp,
};

/// What a connection's shell is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Send the frame, then ask again.
    Send,
    /// Nothing until a message comes in or the room changes.
    Wait,
    /// Close the websocket.
    Close(CloseCode),
}

/// One connection, as the server sees it.
///
/// The shell calls [`Peer::receive`] for each message, then [`Peer::next`] until it waits or closes; again when the
/// room's version has changed; and [`Peer::disconnected`] once at the end, however it came.
#[derive(Debug)]
pub struct Peer {
    place: Place,
    answers: Answers,
    ending: Option<CloseCode>,
}

#[derive(Debug)]
enum Place {
    /// Neither create nor join was accepted yet.
    Outside,
    Follower {
        room: RoomId,
        cursor: Cursor,
        told: OwnerPresence,
    },
    Owner {
        room: RoomId,
        epoch: u64,
        /// The snapshot, for an owner whose page was loaded anew.
        snapshot: Option<Cursor>,
    },
    /// The connection is ending.
    Gone,
}

impl Default for Peer {
    fn default() -> Self {
        Self { place: Place::Outside, answers: Answers::default(), ending: None }
    }
}

impl Peer {
    /// Whether create or join was accepted.
    #[must_use]
    pub fn is_in_room(&self) -> bool {
        self.room().is_some()
    }

    /// The room it is in.
    #[must_use]
    pub fn room(&self) -> Option<RoomId> {
        match &self.place {
            Place::Follower { room, .. } | Place::Owner { room, .. } => Some(*room),
            Place::Outside | Place::Gone => None,
        }
    }

    /// Whether it owns the room it is in.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        matches!(self.place, Place::Owner { .. })
    }

    /// Whether the rest of what came in is to be dropped, because the connection is ending.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.ending.is_some()
    }

    /// A message of the client, or why it isn't one.
    pub fn receive(
        &mut self,
        message: Result<ClientMessage<'_>, Refusal>,
        now: Timestamp,
        host: &mut impl Host,
    ) {
        if self.is_ending() {
            return;
        }
        match message {
            Ok(ClientMessage::Create(create)) => self.create(&create, host),
            Ok(ClientMessage::Join(join)) => self.join(&join, host),
            Ok(ClientMessage::Action(action)) => self.action(&action, host),
            Ok(ClientMessage::Clear { id, slot }) => self.clear(id, &slot, host),
            Ok(ClientMessage::Close) => self.close(now, host),
            Ok(ClientMessage::Ping(number)) => self.answers.push(&ServerMessage::Pong(number)),
            Ok(ClientMessage::Pong(_)) => {}
            Err(refusal) => self.refuse_action(refusal, host),
        }
    }

    /// What to do next; if it is to send, what is in `frame`.
    pub fn next(&mut self, frame: &mut Frame, host: &mut impl Host) -> Next {
        frame.clear();
        if self.answers.is_empty() && self.ending.is_none() {
            self.serve(frame, host);
        }
        self.answers.take(frame);
        match self.ending {
            _ if !frame.is_empty() => Next::Send,
            Some(code) => Next::Close(code),
            None => Next::Wait,
        }
    }

    /// The connection is gone.
    pub fn disconnected(&mut self, now: Timestamp, host: &mut impl Host) {
        match std::mem::replace(&mut self.place, Place::Gone) {
            Place::Follower { room, .. } => {
                host.with(room, |room| room.leave(self.answers.rendering));
            }
            Place::Owner { room, epoch, .. } => {
                if let Some(moment) = host.with(room, |room| room.owner_left(epoch, now)).flatten() {
                    host.expire_at(room, moment);
                }
            }
            Place::Outside | Place::Gone => {}
        }
    }

    fn create(&mut self, create: &Create<'_>, host: &mut impl Host) {
        if self.is_in_room() {
            return self.refuse(RefusalCode::AlreadyInRoom.into());
        }
        if let Err(refusal) = self.negotiate(create.version) {
            return self.refuse_entry(refusal);
        }
        match host.create(create.session.as_deref()) {
            Ok((room, key)) => {
                self.place = Place::Owner { room, epoch: 1, snapshot: None };
                let owner = OwnerPart { key: Some(key.0), epoch: 1, answered: 0 };
                self.reply(room, &room.to_string(), Some(owner), host);
            }
            Err(code) => self.refuse_entry(code.into()),
        }
    }

    fn join(&mut self, join: &Join<'_>, host: &mut impl Host) {
        let wanted = RoomId::parse(&join.uuid);
        match &mut self.place {
            Place::Follower { room, cursor, .. } if Some(*room) == wanted && join.claim.is_none() => {
                let room = *room;
                if let Some(again) = host.with(room, |room| room.cursor(self.answers.rendering, join.since)) {
                    *cursor = again;
                    self.reply(room, &join.uuid, None, host);
                }
                return;
            }
            Place::Outside => {}
            Place::Follower { .. } | Place::Owner { .. } | Place::Gone => {
                return self.refuse(RefusalCode::AlreadyInRoom.into());
            }
        }
        let entered = self.negotiate(join.version).and_then(|()| {
            let room = wanted.ok_or(RefusalCode::UnknownRoom)?;
            match &join.claim {
                Some(claim) => self.claim(room, claim, host).map(Some),
                None => self.follow(room, join.since, host).map(|()| None),
            }
        });
        match entered {
            Ok(owner) => {
                let room = self.room().expect("whoever entered is in a room");
                self.reply(room, &join.uuid, owner, host);
            }
            Err(refusal) => self.refuse_entry(refusal),
        }
    }

    fn follow(&mut self, room: RoomId, since: Option<u64>, host: &mut impl Host) -> Result<(), Refusal> {
        let cursor = host
            .with(room, |room| room.join(self.answers.rendering, since))
            .unwrap_or(Err(RefusalCode::UnknownRoom))?;
        self.place = Place::Follower { room, cursor, told: OwnerPresence::Here };
        Ok(())
    }

    fn claim(&mut self, room: RoomId, claim: &Claim<'_>, host: &mut impl Host) -> Result<OwnerPart, Refusal> {
        let digest = host.digest(&claim.owner_key);
        let session = claim.session.as_deref();
        let (claimed, cursor) = host
            .with(room, |room| {
                let claimed = room.claim(&digest, session)?;
                Ok((claimed, claimed.new_session.then(|| room.cursor(self.answers.rendering, None))))
            })
            .unwrap_or(Err(RefusalCode::UnknownRoom))?;
        self.place = Place::Owner { room, epoch: claimed.epoch, snapshot: cursor };
        Ok(OwnerPart { key: None, epoch: claimed.epoch, answered: claimed.answered })
    }

    fn action(&mut self, action: &Action<'_>, host: &mut impl Host) {
        self.as_owner(action.id, host, |room| room.action(action));
    }

    fn clear(&mut self, id: Option<u64>, slot: &str, host: &mut impl Host) {
        self.as_owner(id, host, |room| Ok(room.clear(id, slot)));
    }

    /// Does something that only the owner may do, under the epoch that this connection holds.
    fn as_owner(
        &mut self,
        id: Option<u64>,
        host: &mut impl Host,
        act: impl FnOnce(&mut Room) -> Result<Accepted, Refusal>,
    ) {
        let (room, epoch) = match &self.place {
            Place::Owner { room, epoch, .. } => (*room, *epoch),
            Place::Follower { .. } => return self.refuse(Refusal { id, ..RefusalCode::NotOwner.into() }),
            Place::Outside | Place::Gone => {
                return self.refuse(Refusal { id, ..RefusalCode::NotInRoom.into() });
            }
        };
        match host.with(room, |room| (room.epoch() == epoch).then(|| act(room))) {
            Some(Some(Ok(Accepted::Appended(seq)))) => self.answers.acknowledge(id, seq),
            Some(Some(Ok(Accepted::Duplicate))) => {}
            Some(Some(Err(refusal))) => self.refuse(refusal),
            Some(None) => self.end(CloseCode::Superseded),
            None => self.room_closed(room),
        }
    }

    fn close(&mut self, now: Timestamp, host: &mut impl Host) {
        match &self.place {
            Place::Owner { room, epoch, .. } => {
                let (room, epoch) = (*room, *epoch);
                match host.with(room, |room| room.epoch() == epoch) {
                    Some(true) => {
                        host.close(room);
                        self.room_closed(room);
                    }
                    Some(false) => self.end(CloseCode::Superseded),
                    None => self.room_closed(room),
                }
            }
            Place::Follower { room, .. } => {
                let room = *room;
                self.answers.closed(room);
                self.disconnected(now, host);
                self.end(CloseCode::Left);
            }
            Place::Outside | Place::Gone => self.refuse(RefusalCode::NotInRoom.into()),
        }
    }

    /// Adds what the room has for this connection to the frame.
    fn serve(&mut self, frame: &mut Frame, host: &mut impl Host) {
        match &mut self.place {
            Place::Follower { room, cursor, told } => {
                let room = *room;
                let served = host.with(room, |room| {
                    room.next(cursor, frame);
                    room.owner_presence()
                });
                match served {
                    Some(presence) if presence != *told => {
                        *told = presence;
                        self.answers.push_to_lean(&ServerMessage::Owner(presence));
                    }
                    Some(_) => {}
                    None => self.room_closed(room),
                }
            }
            Place::Owner { room, epoch, snapshot } => {
                let (room, epoch) = (*room, *epoch);
                let in_force = host.with(room, |room| {
                    if let Some(cursor) = snapshot.as_mut().filter(|cursor| cursor.is_catching_up()) {
                        room.next_of_snapshot(cursor, frame);
                    }
                    room.epoch() == epoch
                });
                match in_force {
                    Some(true) => {}
                    Some(false) => self.end(CloseCode::Superseded),
                    None => self.room_closed(room),
                }
            }
            Place::Outside | Place::Gone => {}
        }
    }

    /// From the first message on it is settled what this client understands.
    fn negotiate(&mut self, version: Option<u64>) -> Result<(), Refusal> {
        self.answers.rendering = match version {
            None => Rendering::Whole,
            Some(version) if version >= PROTOCOL_VERSION => Rendering::Lean,
            Some(_) => return Err(RefusalCode::UnsupportedVersion.into()),
        };
        Ok(())
    }

    /// The reply to create and join, with the uuid in the form in which the client wrote it.
    fn reply(&mut self, room: RoomId, uuid: &str, owner: Option<OwnerPart>, host: &mut impl Host) {
        if self.answers.rendering == Rendering::Whole {
            return self.answers.connected_whole(uuid);
        }
        let Some((seq, limits)) = host.with(room, |room| (room.head(), room.limits().announced())) else {
            return self.room_closed(room);
        };
        let (owner_key, epoch, ack) =
            owner.map_or((None, None, 0), |owner| (owner.key, Some(owner.epoch), owner.answered));
        let version = Some(PROTOCOL_VERSION);
        let uuid = uuid.to_owned();
        let reply = Connected { uuid, version, seq, limits, owner_key, epoch, ack };
        self.answers.push(&ServerMessage::Connected(reply));
    }

    /// Refuses what couldn't be read. If it has an id, the owner's session must never wait for it again.
    fn refuse_action(&mut self, refusal: Refusal, host: &mut impl Host) {
        if let (Place::Owner { room, epoch, .. }, Some(id)) = (&self.place, refusal.id) {
            let epoch = *epoch;
            host.with(*room, |room| {
                if room.epoch() == epoch {
                    room.refuse(Some(id));
                }
            });
        }
        self.refuse(refusal);
    }

    /// Refuses a create or join: some refusals end the connection.
    fn refuse_entry(&mut self, refusal: Refusal) {
        let code = refusal.known_code().and_then(RefusalCode::closes_with);
        self.refuse(refusal);
        if let Some(code) = code {
            self.end(code);
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        let uuid = self.room().map(|room| room.to_string()).unwrap_or_default();
        self.answers.refuse(refusal, &uuid);
    }

    fn room_closed(&mut self, room: RoomId) {
        self.answers.closed(room);
        self.end(CloseCode::RoomClosed);
    }

    fn end(&mut self, code: CloseCode) {
        self.ending.get_or_insert(code);
    }
}

/// What the reply tells an owner.
struct OwnerPart {
    key: Option<String>,
    epoch: u64,
    answered: u64,
}

#[cfg(test)]
mod tests;
