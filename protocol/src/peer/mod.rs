//! The server's side of one connection: what a client may do where it stands, and what it is answered.

mod answers;
mod entry;
mod host;
mod permissions;
mod reading;

use answers::Answers;

pub use host::{Host, OwnerKey};
pub use permissions::{Operation, Permissions, Scope};

use crate::mutation::mutated;
use crate::room::{Cursor, Frame, MAX_FRAME_BYTES};
use crate::{
    Accepted, Action, Audience, ClientMessage, CloseCode, Delay, Lag, OwnerPresence, Refusal, RefusalCode,
    Room, RoomId, ServerMessage, Timestamp,
};

/// For how long an owner that is too fast is not listened to at least, in milliseconds: what it may say by then goes out
/// in one write to each follower.
const MIN_PAUSE_MS: u64 = 20;

/// What a connection's shell is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerOutput {
    /// Send the frame, then ask again.
    Send,
    /// Nothing until a message comes in or the room changes.
    Wait,
    /// Close the websocket.
    Close(CloseCode),
}

/// One connection, as the server sees it.
///
/// The shell calls [`Peer::receive`] for each message, then [`Peer::poll_output`] until it waits or closes; again when the
/// room's version has changed; and [`Peer::disconnected`] once at the end, however it came.
#[derive(Debug)]
pub struct Peer {
    state: State,
    answers: Answers,
    /// The server shuts down, and the client is told so once it has been sent all that there is for it: how long it may
    /// take to come back, in milliseconds.
    shutdown_window_ms: Option<u64>,
    ending: Option<CloseCode>,
    /// Before that it is not to be listened to.
    paused_until: Timestamp,
    /// The rest of a frame that was not read to its end then.
    unread: Box<str>,
}

#[derive(Debug)]
enum State {
    /// Neither create nor join was accepted yet.
    Outside,
    Follower {
        room: RoomId,
        cursor: Cursor,
        last_sent: LastSent,
    },
    Owner {
        room: RoomId,
        epoch: u64,
        /// The snapshot, for an owner whose page was loaded anew.
        snapshot: Option<Cursor>,
        /// None if the page may believe what a former connection was told.
        last_sent: Option<Audience>,
    },
    /// The connection is ending.
    Gone,
}

/// What a follower has been told about others.
#[derive(Debug)]
struct LastSent {
    /// None if the page may believe what a former connection was told.
    owner: Option<OwnerPresence>,
    audience: Audience,
}

impl Default for Peer {
    fn default() -> Self {
        Self {
            state: State::Outside,
            answers: Answers::default(),
            shutdown_window_ms: None,
            ending: None,
            paused_until: Timestamp(0),
            unread: Box::default(),
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
        match &self.state {
            State::Follower { room, .. } | State::Owner { room, .. } => Some(*room),
            State::Outside | State::Gone => None,
        }
    }

    /// Whether it owns the room it is in.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        matches!(self.state, State::Owner { .. })
    }

    /// Whether the rest of what came in is to be dropped, because the connection is ending.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.ending.is_some() || self.shutdown_window_ms.is_some()
    }

    /// Whether there are answers to this client alone that it was not sent yet.
    #[must_use]
    pub fn has_answers(&self) -> bool {
        !self.answers.is_empty()
    }

    /// Whether they are so many that it should not be listened to before it has taken some: a frame of them.
    #[must_use]
    pub fn has_many_answers(&self) -> bool {
        self.answers.bytes() >= MAX_FRAME_BYTES
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
            Ok(ClientMessage::Join(join)) => self.join(&join, now, host),
            Ok(ClientMessage::Action { id, action }) => self.action(id, action.as_str(), now, host),
            Ok(ClientMessage::Clear { id, slot }) => self.clear(id, &slot, now, host),
            Ok(ClientMessage::Close) => self.close(now, host),
            Ok(ClientMessage::Ping(number)) => self.answers.push(&ServerMessage::Pong(number)),
            Ok(ClientMessage::Pong(_)) => {}
            Err(refusal) => self.refuse_unreadable(refusal, host),
        }
    }

    /// What to do next; if it is to send, what is in `frame`.
    pub fn poll_output(&mut self, frame: &mut Frame, host: &mut impl Host) -> PeerOutput {
        frame.clear();
        if (self.answers.is_empty() || mutated!(SnapshotBeforeReply)) && self.ending.is_none() {
            self.serve(frame, host);
        }
        if frame.is_empty() && self.answers.is_empty() {
            self.announce_shutdown();
        }
        self.answers.move_into(frame);
        match self.ending {
            _ if !frame.is_empty() => PeerOutput::Send,
            Some(code) => PeerOutput::Close(code),
            None => PeerOutput::Wait,
        }
    }

    /// Whether this is an owner that is not to be read for a while, because its room lags. Asked after each frame, and
    /// while it waits, `is_waiting`.
    pub fn lag(&self, is_waiting: bool, now: Timestamp, host: &mut impl Host) -> Lag {
        let State::Owner { room, .. } = self.state else { return Lag::No };
        let look = |room: &mut Room| if is_waiting { room.lag(now) } else { room.lag_if_due(now) };
        with(host, room, look).unwrap_or(Lag::No)
    }

    /// This owner has waited long enough for those of its followers that lag now.
    pub fn give_up_on_laggards(&self, host: &mut impl Host) {
        if let State::Owner { room, .. } = self.state {
            with(host, room, Room::give_up_on_laggards);
        }
    }

    /// The client has taken a part of the frame that it was sent last.
    pub fn note_progress(&self, host: &mut impl Host) {
        if let State::Follower { room, cursor, .. } = &self.state {
            with(host, *room, |room| room.note_progress(cursor));
        }
    }

    /// The connection is gone.
    pub fn disconnected(&mut self, now: Timestamp, host: &mut impl Host) {
        match std::mem::replace(&mut self.state, State::Gone) {
            State::Follower { room, cursor, .. } => {
                with(host, room, |room| room.leave(&cursor));
            }
            State::Owner { room, epoch, .. } => {
                with(host, room, |room| room.owner_left(epoch, now));
            }
            State::Outside | State::Gone => {}
        }
    }

    /// The server shuts down: nothing that the client says counts any more. It is sent what there is for it, told to come
    /// back within this many milliseconds, and closed.
    pub fn shut_down(&mut self, return_window_ms: u64) {
        self.shutdown_window_ms = Some(return_window_ms);
    }

    fn action(&mut self, id: Option<u64>, action: Action<&str>, now: Timestamp, host: &mut impl Host) {
        self.as_owner(id, now, host, |room| room.action(id, action, now));
    }

    fn clear(&mut self, id: Option<u64>, slot: &str, now: Timestamp, host: &mut impl Host) {
        self.as_owner(id, now, host, |room| Ok(room.clear(id, slot, now)));
    }

    /// Does something that only the owner may do, under the epoch that this connection holds.
    fn as_owner(
        &mut self,
        id: Option<u64>,
        now: Timestamp,
        host: &mut impl Host,
        act: impl FnOnce(&mut Room) -> Result<Accepted, Refusal>,
    ) {
        let (room, epoch) = match &self.state {
            State::Owner { room, epoch, .. } => (*room, *epoch),
            State::Follower { .. } => {
                return self.refuse(Refusal { id, ..RefusalCode::NotOwner.into() }, host);
            }
            State::Outside | State::Gone => {
                return self.refuse(Refusal { id, ..RefusalCode::NotInRoom.into() }, host);
            }
        };
        let done = under_epoch(host, room, epoch, |room| {
            let accepted = act(room);
            (accepted, room.pause(now))
        });
        let done = done.map(|(accepted, pause)| {
            self.pause_for(pause, now);
            accepted
        });
        match done {
            Ok(Ok(Accepted::Appended(seq))) => self.answers.acknowledge(id, seq),
            Ok(Ok(Accepted::Duplicate)) => {}
            Ok(Err(refusal)) => self.refuse(refusal, host),
            Err(code) => self.end_in_room(room, code),
        }
    }

    /// An owner that is too fast isn't listened to for so long.
    fn pause_for(&mut self, pause: Option<Delay>, now: Timestamp) {
        if let Some(pause) = pause.filter(|_| !mutated!(IgnorePace)) {
            self.paused_until = now.after(pause.milliseconds().max(MIN_PAUSE_MS));
        }
    }

    fn close(&mut self, now: Timestamp, host: &mut impl Host) {
        match &self.state {
            State::Owner { room, epoch, .. } => {
                let (room, epoch) = (*room, *epoch);
                match under_epoch(host, room, epoch, Room::close) {
                    Ok(()) => {
                        if !mutated!(CloseKeepsRoom) {
                            host.close(room);
                        }
                        self.end_in_room(room, CloseCode::RoomClosed);
                    }
                    Err(code) => self.end_in_room(room, code),
                }
            }
            State::Follower { room, .. } => {
                let room = *room;
                self.answers.push_closed(room);
                self.disconnected(now, host);
                self.end(CloseCode::Left);
            }
            State::Outside | State::Gone => self.refuse(RefusalCode::NotInRoom.into(), host),
        }
    }

    /// Adds what the room has for this connection to the frame.
    fn serve(&mut self, frame: &mut Frame, host: &mut impl Host) {
        match &mut self.state {
            State::Follower { room, cursor, last_sent } => {
                let room = *room;
                // Serving changes nothing for which a room would want to be woken.
                let served = host.with(room, |room| {
                    room.serve(cursor, frame);
                    let ends = room.is_closed() && (frame.is_empty() || mutated!(EndBeforeTheRest));
                    (!ends).then(|| (room.owner_presence(), room.shares_audience().then(|| room.audience())))
                });
                let Some((owner, audience)) = served.flatten() else {
                    return self.end_in_room(room, CloseCode::RoomClosed);
                };
                if last_sent.owner.replace(owner) != Some(owner) {
                    self.answers.push_if_compact(&ServerMessage::Owner(owner));
                }
                let audience = audience.unwrap_or(last_sent.audience);
                if std::mem::replace(&mut last_sent.audience, audience) != audience {
                    self.answers.push_if_compact(&ServerMessage::Audience(audience));
                }
            }
            State::Owner { room, epoch, snapshot, last_sent } => {
                let (room, epoch) = (*room, *epoch);
                let served = under_epoch(host, room, epoch, |room| {
                    if let Some(cursor) = snapshot.as_mut().filter(|cursor| cursor.is_catching_up()) {
                        room.serve_snapshot(cursor, frame);
                    }
                    room.audience()
                });
                let audience = match served {
                    Ok(audience) => audience,
                    Err(code) => return self.end_in_room(room, code),
                };
                if last_sent.replace(audience) != Some(audience) {
                    self.answers.push_if_compact(&ServerMessage::Audience(audience));
                }
            }
            State::Outside | State::Gone => {}
        }
    }

    /// Refuses what couldn't be read. If it has an id, the owner's session must never wait for it again.
    fn refuse_unreadable(&mut self, refusal: Refusal, host: &mut impl Host) {
        if let (State::Owner { room, epoch, .. }, Some(id)) = (&self.state, refusal.id) {
            let epoch = *epoch;
            // If it is the owner no longer, it hears so with the next action.
            let _ = under_epoch(host, *room, epoch, |room| room.refuse(Some(id), refusal.clone()));
        }
        self.refuse(refusal, host);
    }

    fn refuse(&mut self, refusal: Refusal, host: &mut impl Host) {
        host.note_refusal(&refusal);
        self.push_refusal(refusal);
    }

    /// Tells a refusal, be it for the first time or again.
    fn push_refusal(&mut self, refusal: Refusal) {
        let uuid = self.room().map(|room| room.to_string()).unwrap_or_default();
        let must_be_answered = self.is_owner() && refusal.id.is_some();
        self.answers.push_refusal(refusal, &uuid, !must_be_answered);
    }

    /// There is nothing more for this connection in its room.
    fn end_in_room(&mut self, room: RoomId, code: CloseCode) {
        if code == CloseCode::RoomClosed {
            self.answers.push_closed(room);
        }
        self.end(code);
    }

    fn announce_shutdown(&mut self) {
        if let Some(return_window_ms) = self.shutdown_window_ms.filter(|_| self.ending.is_none()) {
            self.answers.push_if_compact(&ServerMessage::Shutdown(return_window_ms));
            self.end(CloseCode::ShuttingDown);
        }
    }

    fn end(&mut self, code: CloseCode) {
        self.ending.get_or_insert(code);
    }
}

/// Does something to a room and has the room woken when it wants to be.
fn with<R>(host: &mut impl Host, room: RoomId, act: impl FnOnce(&mut Room) -> R) -> Option<R> {
    let (result, alarm) = host.with(room, |room| (act(room), room.take_alarm()))?;
    if let Some(moment) = alarm {
        host.wake_at(room, moment);
    }
    Some(result)
}

/// Does something as a room's owner; the room may be gone as well as closed.
fn under_epoch<R>(
    host: &mut impl Host,
    room: RoomId,
    epoch: u64,
    act: impl FnOnce(&mut Room) -> R,
) -> Result<R, CloseCode> {
    with(host, room, |room| room.as_owner(epoch, act)).unwrap_or(Err(CloseCode::RoomClosed))
}

#[cfg(test)]
mod tests;
