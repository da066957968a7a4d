//! One connection, as the server sees it: what the client may do in its role, and what it is
//! answered. The server's connections and event streams drive a [`Peer`].

mod answers;
mod asking;
mod entry;
mod held_claim;
mod host;
mod in_step;
mod lane_part;
mod lanes;
mod members;
mod owner;
mod permissions;
mod reading;
mod requested_entry;
mod roster_part;

use answers::Answers;
use held_claim::HeldClaim;
use host::with;
use lane_part::LanePart;
use members::MemberPart;
use roster_part::RosterPart;

pub use host::{Host, OwnerKey};
pub use lane_part::voter;
pub use permissions::{Operation, Permissions, Scope};
pub use requested_entry::RequestedEntry;

use crate::mutation::mutated;
use crate::room::{Cursor, Frame, MAX_FRAME_BYTES, News};
use crate::{
    Audience, ClientMessage, CloseCode, OwnerPresence, Question, Refusal, RefusalCode, Room, RoomId,
    ServerMessage, Timestamp,
};

/// What the caller of [`Peer::poll_output`] must do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerOutput {
    /// Send the frame, then call again.
    Send,
    /// Nothing, until a message comes in or the room changes.
    Wait,
    /// Close the connection, with this code.
    Close(CloseCode),
}

/// One connection, as the server sees it.
///
/// - What the outside tells it: [`Peer::receive_frame`] for each frame, [`Peer::note_progress`]
///   when the client has taken a part of one, and [`Peer::disconnected`] once, at the end.
/// - What the server asks: [`Peer::shut_down`], and [`Peer::lag`] to know whether an owner should
///   wait.
/// - What the caller must do next: call [`Peer::poll_output`] until it waits or closes, after each
///   message and when [`Room::version`] has changed. While [`Peer::pause`] returns a delay, read
///   nothing; then call [`Peer::resume_reading`]. The same while [`Peer::awaits_entry`].
#[derive(Debug)]
pub struct Peer {
    role: Role,
    answers: Answers,
    /// Set when the server shuts down: the client is to come back within this many milliseconds. It
    /// is told so once it has been sent everything else.
    shutdown_window_ms: Option<u64>,
    /// Set once the connection is to be closed, after its last answers.
    ending: Option<CloseCode>,
    /// The client isn't read before this moment.
    paused_until: Timestamp,
    /// The rest of the frame in which the pause began, or in which the host must decide.
    unread: Box<str>,
    /// See [`Peer::awaits_entry`].
    awaits_entry: bool,
    /// None until it has a name, or asks who is there.
    roster: Option<Box<RosterPart>>,
    /// None until a follower enters with a key, or asks for one.
    member: Option<Box<MemberPart>>,
    /// Whether it is an owner whose room has lanes.
    hears_lanes: bool,
    /// None until it speaks on a lane, or is told what was said there.
    lanes: Option<Box<LanePart>>,
}

/// What the client is in a room.
#[derive(Debug)]
enum Role {
    /// In no room: neither create nor join was accepted yet.
    Outside,
    Follower {
        room: RoomId,
        cursor: Cursor,
        last_sent: LastSent,
    },
    Owner {
        room: RoomId,
        /// Boxed, because most connections are followers.
        claim: Box<HeldClaim>,
        /// Set for an owner whose page was loaded anew, to serve it the snapshot.
        snapshot: Option<Cursor>,
        /// The audience that it was sent last. None if the page may know an older count from a
        /// former connection.
        last_sent: Option<Audience>,
    },
    /// The connection is ending.
    Gone,
}

/// What a follower was sent last about others in the room.
#[derive(Debug)]
struct LastSent {
    /// None if the page may know an older presence from a former connection.
    owner: Option<OwnerPresence>,
    audience: Audience,
}

impl LastSent {
    /// The same, as the room's newest news have it. None if the page may know older ones.
    fn news(&self, newest: News) -> Option<News> {
        Some(News { owner: self.owner?, audience: newest.audience.map(|_| self.audience) })
    }
}

impl Default for Peer {
    fn default() -> Self {
        Self {
            role: Role::Outside,
            answers: Answers::default(),
            shutdown_window_ms: None,
            ending: None,
            paused_until: Timestamp(0),
            unread: Box::default(),
            awaits_entry: false,
            roster: None,
            member: None,
            hears_lanes: false,
            lanes: None,
        }
    }
}

impl Peer {
    /// Whether create or join was accepted.
    #[must_use]
    pub fn is_in_room(&self) -> bool {
        self.room().is_some()
    }

    /// The room that it is in.
    #[must_use]
    pub fn room(&self) -> Option<RoomId> {
        match &self.role {
            Role::Follower { room, .. } | Role::Owner { room, .. } => Some(*room),
            Role::Outside | Role::Gone => None,
        }
    }

    /// Whether it owns the room that it is in.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        matches!(self.role, Role::Owner { .. })
    }

    /// Whether it follows and goes on where it was, so that no retained state comes first.
    #[must_use]
    pub fn has_resumed(&self) -> bool {
        matches!(&self.role, Role::Follower { cursor, .. } if !cursor.is_catching_up())
    }

    /// Whether the connection is ending. What still comes in is dropped then.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.ending.is_some() || self.shutdown_window_ms.is_some()
    }

    /// Whether there are answers that the client was not sent yet.
    #[must_use]
    pub fn has_answers(&self) -> bool {
        !self.answers.is_empty()
    }

    /// Whether these answers fill a frame. The client should not be read then until it has taken
    /// some.
    #[must_use]
    pub fn has_many_answers(&self) -> bool {
        self.answers.bytes() >= MAX_FRAME_BYTES
    }

    /// Handles one message of the client, or the refusal of one that can't be read.
    /// [`Peer::receive_frame`] calls this for each message of a frame, and the server for what
    /// comes over plain HTTP.
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
            Ok(ClientMessage::Create(create)) => self.create(&create, now, host),
            Ok(ClientMessage::Join(join)) => self.join(&join, now, host),
            Ok(ClientMessage::Action { id, action }) => self.action(id, action.as_str(), now, host),
            Ok(ClientMessage::Clear { id, slot }) => self.clear(id, &slot, now, host),
            Ok(ClientMessage::Record { id, wish }) => self.record(id, wish, now, host),
            Ok(ClientMessage::Lane { id, name, lane }) => self.set_lane(id, &name, lane, now, host),
            Ok(ClientMessage::Speak(message)) => self.speak(&message, now, host),
            Ok(ClientMessage::Drive { id, seat }) => self.drive(id, seat, now, host),
            Ok(ClientMessage::Ask { ask, question: Question::Roster(query) }) => {
                self.ask(ask, query, now, host);
            }
            Ok(ClientMessage::Ask { ask, question }) => self.ask_as_member(ask, &question, now, host),
            Ok(ClientMessage::Close) => self.close(now, host),
            Ok(ClientMessage::Ping { number, wants_time }) => {
                let time = if wants_time { host.sample_time_ms(now) } else { None };
                self.answers.push(&ServerMessage::Pong { number, time });
            }
            Ok(ClientMessage::Pong(_)) => {}
            Err(refusal) => self.refuse_unreadable(refusal, host),
        }
    }

    /// What to do next. With [`PeerOutput::Send`], `frame` holds what to send.
    pub fn poll_output(&mut self, frame: &mut Frame, host: &mut impl Host) -> PeerOutput {
        frame.clear();
        if self.answers.are_waiting() {
            self.release_answers(host);
        }
        let has_answers = !self.answers.is_empty() || self.answers.are_waiting();
        if (!has_answers || mutated!(SnapshotBeforeReply)) && self.ending.is_none() {
            self.serve(frame, host);
            self.tell_roster(host);
            self.tell_member(host);
            self.answer_votes(host);
        }
        if frame.is_empty() && self.answers.is_empty() && !self.answers.are_waiting() {
            self.announce_shutdown();
        }
        self.answers.move_into(frame);
        // Also while answers wait for the journal: an owner that streams always has some that do.
        if frame.is_empty() && self.hears_lanes {
            self.tell_lanes(frame, host);
        }
        match self.ending {
            _ if !frame.is_empty() => PeerOutput::Send,
            _ if self.answers.are_waiting() => PeerOutput::Wait,
            Some(code) => PeerOutput::Close(code),
            None => PeerOutput::Wait,
        }
    }

    /// Lets the answers be sent that the room's journal has kept the records of. A client whose
    /// change of the room is lost comes back, and does it again.
    fn release_answers(&mut self, host: &mut impl Host) {
        let Some(room) = self.room() else { return self.answers.forget_waiting() };
        let (answers, role) = (&mut self.answers, &mut self.role);
        let is_lost = host.with(room, |room| {
            if let Role::Owner { claim, .. } = role {
                claim.note_kept(room);
            }
            answers.release(|mark| room.may_answer(mark));
            room.is_retired() || answers.first_waits_for(|mark| room.is_lost(mark))
        });
        if is_lost == Some(true) {
            self.answers.forget_waiting();
            // Whatever it was to end with isn't so.
            self.ending = Some(CloseCode::NotNow);
        }
    }

    /// Notes that the client has taken a part of the frame that it was sent last.
    pub fn note_progress(&self, host: &mut impl Host) {
        if let Role::Follower { room, cursor, .. } = &self.role {
            with(host, *room, |room| room.note_progress(cursor));
        }
    }

    /// Notes that the connection is gone.
    pub fn disconnected(&mut self, now: Timestamp, host: &mut impl Host) {
        match std::mem::replace(&mut self.role, Role::Gone) {
            Role::Follower { room, cursor, .. } => {
                with(host, room, |room| room.leave(&cursor));
                self.leave_member_seat(room, host);
                self.leave_seat(room, true, now, host);
            }
            Role::Owner { room, claim, .. } => claim.leave(host, room, now),
            Role::Outside | Role::Gone => {}
        }
    }

    /// Ends the connection because the server shuts down. Nothing that the client still sends
    /// counts. It is sent everything that there is for it, told to come back within this many
    /// milliseconds, and closed.
    pub fn shut_down(&mut self, return_window_ms: u64) {
        self.shutdown_window_ms = Some(return_window_ms);
    }

    fn close(&mut self, now: Timestamp, host: &mut impl Host) {
        match &mut self.role {
            Role::Owner { room, claim, .. } => {
                let (room, held) = (*room, **claim);
                if held.seat != 0 {
                    return self.leave_as_driver(room, held, now, host);
                }
                match claim.act(host, room, Room::close) {
                    Ok(()) => {
                        self.answer_after_room(room, host);
                        let has_ended = host.with(room, |room| room.has_ended()).unwrap_or(true);
                        // Else the journal's answer removes it.
                        if has_ended && !mutated!(CloseKeepsRoom) {
                            host.close(room);
                        }
                        self.end_in_room(room, CloseCode::RoomClosed);
                    }
                    Err(code) => self.end_of_turn(room, code, host),
                }
            }
            Role::Follower { room, .. } => {
                let room = *room;
                self.answers.forget_waiting();
                self.answers.push_closed(room);
                self.leave_seat(room, false, now, host);
                self.disconnected(now, host);
                self.end(CloseCode::Left);
            }
            Role::Outside | Role::Gone => self.refuse(RefusalCode::NotInRoom.into(), host),
        }
    }

    /// Adds what the room has for this client to the frame.
    fn serve(&mut self, frame: &mut Frame, host: &mut impl Host) {
        match &mut self.role {
            Role::Follower { room, cursor, last_sent } => {
                let room = *room;
                // Serving sets no alarm, so this needs no `with`.
                let served = host.with(room, |room| {
                    room.serve(cursor, frame);
                    let ends = (room.has_ended() || room.is_retired())
                        && (frame.is_empty() || mutated!(EndBeforeTheRest));
                    (!ends).then(|| room.news())
                });
                let Some(News { owner, audience }) = served.flatten() else {
                    let is_retired = host.with(room, |room| room.is_retired()) == Some(true);
                    let code = if is_retired { CloseCode::NotNow } else { CloseCode::RoomClosed };
                    return self.end_in_room(room, code);
                };
                if last_sent.owner.replace(owner) != Some(owner) {
                    self.answers.push_if_compact(&ServerMessage::Owner(owner));
                }
                let audience = audience.unwrap_or(last_sent.audience);
                if std::mem::replace(&mut last_sent.audience, audience) != audience {
                    self.answers.push_if_compact(&ServerMessage::Audience(audience));
                }
            }
            Role::Owner { .. } => self.serve_owner(frame, host),
            Role::Outside | Role::Gone => {}
        }
    }

    /// Ends the connection because there is nothing more for it in its room.
    fn end_in_room(&mut self, room: RoomId, code: CloseCode) {
        if code == CloseCode::RoomClosed {
            self.answers.push_closed(room);
        } else {
            self.answers.push_silent_end();
        }
        self.end(code);
    }

    /// Says when to come back, and ends the connection, if the server shuts down.
    fn announce_shutdown(&mut self) {
        if let Some(return_window_ms) = self.shutdown_window_ms.filter(|_| self.ending.is_none()) {
            self.answers.push_if_compact(&ServerMessage::Shutdown(return_window_ms));
            self.end(CloseCode::ShuttingDown);
        }
    }

    /// Closes the connection after its last answers. The first code stays.
    fn end(&mut self, code: CloseCode) {
        self.ending.get_or_insert(code);
    }
}

#[cfg(test)]
mod tests;
