//! The server's side of one connection: what a client may do where it stands, and what it is answered.

use std::fmt;

use crate::follower::{Cursor, Frame, Rendering};
use crate::{
    Accepted, Action, Claim, ClientMessage, CloseCode, Connected, Create, Join, KeyDigest, OwnerPresence,
    PROTOCOL_VERSION, Refusal, RefusalCode, Room, RoomId, ServerMessage, Status, Timestamp, render,
};

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
    rendering: Rendering,
    /// Answers to this client alone, newline after each, not yet sent.
    answers: String,
    /// The acknowledgement that the next action may still extend.
    ack: Option<Ack>,
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

#[derive(Debug, Clone, Copy)]
struct Ack {
    id: u64,
    seq: u64,
}

impl Default for Peer {
    fn default() -> Self {
        Self {
            place: Place::Outside,
            rendering: Rendering::Whole,
            answers: String::new(),
            ack: None,
            ending: None,
        }
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
            Ok(ClientMessage::Ping(number)) => self.answer(&ServerMessage::Pong(number)),
            Ok(ClientMessage::Pong(_)) => {}
            Err(refusal) => self.refuse_action(refusal, host),
        }
    }

    /// What to do next; if it is to send, what is in `frame`.
    pub fn next(&mut self, frame: &mut Frame, host: &mut impl Host) -> Next {
        frame.clear();
        self.flush_ack();
        if self.answers.is_empty() && self.ending.is_none() {
            self.serve(frame, host);
        }
        if !self.answers.is_empty() {
            frame.push(std::mem::take(&mut self.answers).into());
        }
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
                host.with(room, |room| room.leave(self.rendering));
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
                if let Some(again) = host.with(room, |room| room.cursor(self.rendering, join.since)) {
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
            .with(room, |room| room.join(self.rendering, since))
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
                Ok((claimed, claimed.new_session.then(|| room.cursor(self.rendering, None))))
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
            Some(Some(Ok(Accepted::Appended(seq)))) => self.acknowledge(id, seq),
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
                self.answer_closed(room);
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
                        self.answer_lean(&ServerMessage::Owner(presence));
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
        self.rendering = match version {
            None => Rendering::Whole,
            Some(version) if version >= PROTOCOL_VERSION => Rendering::Lean,
            Some(_) => return Err(RefusalCode::UnsupportedVersion.into()),
        };
        Ok(())
    }

    /// The reply to create and join, with the uuid in the form in which the client wrote it.
    fn reply(&mut self, room: RoomId, uuid: &str, owner: Option<OwnerPart>, host: &mut impl Host) {
        if self.rendering == Rendering::Whole {
            render::whole_status(&mut self.answers, uuid, Status::Connected);
            return self.answers.push('\n');
        }
        let Some((seq, limits)) = host.with(room, |room| (room.head(), room.limits().announced())) else {
            return self.room_closed(room);
        };
        let (owner_key, epoch, ack) =
            owner.map_or((None, None, 0), |owner| (owner.key, Some(owner.epoch), owner.answered));
        let version = Some(PROTOCOL_VERSION);
        let uuid = uuid.to_owned();
        self.answer(&ServerMessage::Connected(Connected {
            uuid,
            version,
            seq,
            limits,
            owner_key,
            epoch,
            ack,
        }));
    }

    /// Notes that an action is in the log. Actions in a row, in ids and in seqs, are acknowledged together.
    fn acknowledge(&mut self, id: Option<u64>, seq: u64) {
        let Some(id) = id else { return };
        if self.ack.is_some_and(|ack| ack.seq + 1 != seq) {
            self.flush_ack();
        }
        self.ack = Some(Ack { id, seq });
    }

    fn flush_ack(&mut self) {
        if let Some(Ack { id, seq }) = self.ack.take() {
            self.answer_lean(&ServerMessage::Ack { id, seq });
        }
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
        // What was acknowledged before must be read before: a run of acks ends at a refusal.
        self.flush_ack();
        match self.rendering {
            Rendering::Lean => self.answer(&ServerMessage::Refused(refusal)),
            Rendering::Whole => {
                let uuid = self.room().map(|room| room.to_string()).unwrap_or_default();
                render::whole_refusal(&mut self.answers, &uuid, &refusal);
                self.answers.push('\n');
            }
        }
    }

    fn room_closed(&mut self, room: RoomId) {
        self.answer_closed(room);
        self.end(CloseCode::RoomClosed);
    }

    fn answer_closed(&mut self, room: RoomId) {
        match self.rendering {
            Rendering::Lean => self.answer(&ServerMessage::Closed),
            Rendering::Whole => {
                render::whole_status(&mut self.answers, &room.to_string(), Status::NotConnected);
                self.answers.push('\n');
            }
        }
    }

    fn end(&mut self, code: CloseCode) {
        self.ending.get_or_insert(code);
    }

    /// Answers in the session fields' form, which is also what a control message without status looks like to others.
    fn answer(&mut self, message: &ServerMessage<&str>) {
        self.flush_ack();
        render::lean(&mut self.answers, message);
        self.answers.push('\n');
    }

    /// Tells something that only those who speak session fields would understand.
    fn answer_lean(&mut self, message: &ServerMessage<&str>) {
        if self.rendering == Rendering::Lean {
            self.answer(message);
        }
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
