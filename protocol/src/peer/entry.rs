//! How a connection enters a room: create, join or claim, and the reply.

use std::task::{Poll, ready};

use super::host::with;
use super::{HeldClaim, LastSent, Peer, Role};
use crate::mutation::mutated;
use crate::room::{Cursor, MemberEntry};
use crate::{
    Answer, Audience, Claim, ClaimKind, Claimed, CloseCode, Connected, Create, EntryError, Host, Join,
    MemberRole, Operation, OwnerPresence, PROTOCOL_VERSION, Refusal, RefusalCode, Rendering, RequestedEntry,
    Room, RoomCode, RoomId, ServerMessage, Timestamp,
};

/// After how many milliseconds a client is to ask again for a room that the server can't let it
/// into at this moment, and a follower for one that the server has lost and whose owner may open it
/// anew. Its session adds a wait of its own.
const RETRY_MS: u64 = 1_000;

/// What the reply says to a client that has a key of the room.
struct KeyReply {
    /// Only in the reply to create.
    key: Option<String>,
    /// None if it may not write now.
    epoch: Option<u64>,
    /// The highest id that the room has answered to its session.
    answered: u64,
    /// Its seat. None if it doesn't speak of seats.
    seat: Option<u32>,
}

impl Peer {
    pub(super) fn create(&mut self, create: &Create<'_>, now: Timestamp, host: &mut impl Host) {
        if self.is_in_room() {
            return self.refuse(RefusalCode::AlreadyInRoom.into(), host);
        }
        let admitted = self
            .negotiate(create.version)
            .map_err(Refusal::from)
            .and_then(|()| authorise(Operation::Create, create.token.as_deref(), host));
        if let Err(refusal) = admitted {
            return self.refuse_entry(refusal, host);
        }
        if !self.is_let_in(&RequestedEntry::Create(create), host) {
            return;
        }
        match host.create(create.session.as_deref(), create.code) {
            Ok((room, key)) => {
                let claim = with(host, room, |room| {
                    room.share_audience(create.share_audience);
                    room.want_clock(create.clock);
                    room.share_roster(create.share_roster);
                    HeldClaim::of(room, 0)
                });
                let Some(claim) = claim else { return self.end(CloseCode::RoomClosed) };
                let last_sent = Some(Audience::default());
                self.role = Role::Owner { room, claim: Box::new(claim), snapshot: None, last_sent };
                let owner = KeyReply { key: Some(key.0), epoch: Some(1), answered: 0, seat: None };
                let time = create.clock.then(|| host.time_ms(now));
                self.reply(room, &room.to_string(), Some(owner), time, host);
                self.record_from_entry(create.record, now, host);
            }
            Err(refusal) => self.refuse_entry(refusal, host),
        }
    }

    pub(super) fn join(&mut self, join: &Join<'_>, now: Timestamp, host: &mut impl Host) {
        let wanted = RoomId::parse(&join.uuid);
        match &mut self.role {
            Role::Follower { room, cursor, .. } if Some(*room) == wanted && join.claim.is_none() => {
                let room = *room;
                if with(host, room, |room| room.rejoin(cursor, join.since)).is_some() {
                    let time = join.clock.then(|| host.time_ms(now));
                    self.reply(room, &join.uuid, None, time, host);
                }
                return;
            }
            Role::Outside => {}
            Role::Follower { .. } | Role::Owner { .. } | Role::Gone => {
                return self.refuse(RefusalCode::AlreadyInRoom.into(), host);
            }
        }
        let wanted = match self.admit(wanted, join, now, host) {
            Poll::Ready(Ok(wanted)) => wanted,
            Poll::Ready(Err(refusal)) => return self.refuse_entry(refusal, host),
            Poll::Pending => return self.awaits_entry = true,
        };
        if wanted.is_some_and(|room| !self.is_let_in(&RequestedEntry::Join(room, join), host)) {
            return;
        }
        if let Err(refusal) = reopen_if_lost(wanted, join, host) {
            return self.refuse_entry(refusal, host);
        }
        let is_follower = join.claim.is_none();
        let name = wanted.filter(|_| is_follower).map(|room| Self::given_name(room, join, host));
        let name = match name.transpose() {
            Ok(name) => name.flatten(),
            Err(refusal) => return self.refuse_entry(refusal, host),
        };
        match self.enter(wanted, join, name.as_ref(), now, host) {
            Ok(reply) => {
                let room = self.room().expect("a connection that has entered is in a room");
                let is_owner = self.is_owner();
                // In place of a code the reply has what it stands for.
                let is_uuid = RoomId::parse(&join.uuid).is_some();
                let uuid = if is_uuid { join.uuid.clone() } else { room.to_string().into() };
                let time = join.clock.then(|| host.time_ms(now));
                self.reply(room, &uuid, reply, time, host);
                // The pace is the room's, so a new connection inherits its pause.
                let pause = host.with(room, |room| room.pause(now)).flatten().filter(|_| is_owner);
                self.pause_for(pause, now);
                if let Some(claim) = &join.claim {
                    self.repeat_answers(room, claim, host);
                }
                self.record_from_entry(join.record, now, host);
            }
            Err(EntryError::Refused(code)) => {
                let mut refusal = Refusal::from(code);
                if code == RefusalCode::Unavailable {
                    refusal.retry_after_ms = Some(RETRY_MS);
                }
                // A text that is no UUID is no guess: no room has such an id.
                if code == RefusalCode::UnknownRoom
                    && let Some(room) = wanted
                {
                    host.note_unknown_room(room, now);
                    let was_follower = join.claim.is_none() && join.since.is_some();
                    if was_follower && host.awaits_owner(room, now) {
                        refusal = Refusal::lost_room(RETRY_MS);
                    }
                }
                self.refuse_entry(refusal, host);
            }
            Err(EntryError::Superseded) => self.end(CloseCode::Superseded),
        }
    }

    /// Asks the host to decide about a client that has the permissions for it. False if the client
    /// was refused, or if the decision isn't known yet.
    fn is_let_in(&mut self, entry: &RequestedEntry<'_>, host: &mut impl Host) -> bool {
        match host.may_enter(entry) {
            Poll::Ready(Ok(())) => return true,
            Poll::Ready(Err(refusal)) => self.refuse_entry(refusal, host),
            Poll::Pending => self.awaits_entry = true,
        }
        false
    }

    /// Checks whether the client may ask for the room at all, before it is known whether the room
    /// exists. Returns the room, which may be known by its code only: that may take a while.
    fn admit(
        &mut self,
        wanted: Option<RoomId>,
        join: &Join<'_>,
        now: Timestamp,
        host: &mut impl Host,
    ) -> Poll<Result<Option<RoomId>, Refusal>> {
        self.negotiate(join.version)?;
        host.may_ask_for_room(now)?;
        // Clients without session fields don't expect another uuid in the reply.
        let code = RoomCode::parse(&join.uuid).filter(|_| wanted.is_none() && self.answers.is_compact());
        let wanted = match code {
            Some(code) => Some(ready!(host.find_code(code, now))?.ok_or_else(Refusal::unknown_code)?),
            None => wanted,
        };
        let operation = if join.claims_ownership() { Operation::Claim } else { Operation::Join };
        // No room has an id that isn't a UUID, so there is nothing to authorise then.
        if let Some(room) = wanted {
            authorise(operation(room), join.token.as_deref(), host)?;
        }
        Poll::Ready(Ok(wanted))
    }

    /// Enters the room as an owner or a follower. Returns what to reply to who has a key.
    fn enter(
        &mut self,
        wanted: Option<RoomId>,
        join: &Join<'_>,
        name: Option<&(String, bool)>,
        now: Timestamp,
        host: &mut impl Host,
    ) -> Result<Option<KeyReply>, EntryError> {
        let room = wanted.ok_or(RefusalCode::UnknownRoom)?;
        if let Some(claim) = &join.claim {
            return self.claim(room, join, claim, host).map(Some);
        }
        self.follow(room, join.since, host)?;
        // Clients without session fields have no names.
        if let Some(name) = name.filter(|_| self.answers.is_compact())
            && let Err(code) = self.take_seat(room, name, join, host)
        {
            self.disconnected(now, host);
            return Err(code.into());
        }
        Ok(None)
    }

    fn follow(&mut self, room: RoomId, since: Option<u64>, host: &mut impl Host) -> Result<(), EntryError> {
        let cursor = with(host, room, |room| room.join(self.answers.rendering, since))
            .unwrap_or(Err(RefusalCode::UnknownRoom))?;
        self.be_follower(room, cursor, since.is_some());
        Ok(())
    }

    /// Makes the client a follower, which goes on where it was if it `resumes`.
    fn be_follower(&mut self, room: RoomId, cursor: Cursor, resumes: bool) {
        let owner = (!resumes || mutated!(ForgetPresence)).then_some(OwnerPresence::Here);
        let last_sent = LastSent { owner, audience: Audience::default() };
        self.role = Role::Follower { room, cursor, last_sent };
    }

    fn claim(
        &mut self,
        room: RoomId,
        join: &Join<'_>,
        claim: &Claim<'_>,
        host: &mut impl Host,
    ) -> Result<KeyReply, EntryError> {
        let (digest, rendering) = (host.digest(&claim.key), self.answers.rendering);
        // Under one lock: what the connection holds is what it has just been given.
        let entered = with(host, room, |room| {
            let entry = room.enter_with_key(&digest, claim, join.since)?;
            Ok(match entry {
                MemberEntry::Drives { seat, claimed, is_up_to_date } => {
                    let snapshot = take_over(room, seat, &claimed, is_up_to_date, join, rendering);
                    Entered::Drives { claimed, held: HeldClaim::of(room, seat), snapshot }
                }
                MemberEntry::Follows { seat, entry, answered, since } => {
                    let cursor = room.join_with_key(rendering, since)?;
                    room.note_seat_here(seat);
                    Entered::Follows { seat, entry, answered, cursor, resumes: since.is_some() }
                }
            })
        });
        match entered.unwrap_or(Err(EntryError::Refused(RefusalCode::UnknownRoom)))? {
            Entered::Drives { claimed, held, snapshot } => {
                let last_sent = claimed.new_session.then(Audience::default);
                let seat = Some(held.seat).filter(|_| claim.kind != ClaimKind::Takes);
                self.role = Role::Owner { room, claim: Box::new(held), snapshot, last_sent };
                let answered = claimed.answered + u64::from(mutated!(AcknowledgeTooMuch));
                Ok(KeyReply { key: None, epoch: Some(claimed.epoch), answered, seat })
            }
            Entered::Follows { seat, entry, answered, cursor, resumes } => {
                self.be_follower(room, cursor, resumes);
                self.take_member_seat(seat, entry);
                Ok(KeyReply { key: None, epoch: None, answered, seat: Some(seat) })
            }
        }
    }

    /// Repeats the answers that a session may have missed on a former connection.
    fn repeat_answers(&mut self, room: RoomId, claim: &Claim<'_>, host: &mut impl Host) {
        let Some(acknowledged) = claim.acknowledged.filter(|_| !mutated!(ForgetAnswers)) else { return };
        let is_owner = self.is_owner();
        let answers = host.with(room, |room| match &claim.session {
            Some(session) => room.answers_to(session, acknowledged),
            None if is_owner => room.answers_after(acknowledged),
            None => Vec::new(),
        });
        for answer in answers.unwrap_or_default() {
            match answer {
                Answer::Appended { last_id: id, last_seq: seq, .. } => {
                    self.answers.push_if_compact(&ServerMessage::Ack { id, seq });
                }
                Answer::Refused { refusal, .. } => self.push_refusal(refusal),
            }
        }
    }

    /// Settles the rendering for this client by its first message.
    ///
    /// # Errors
    /// `unsupported_version`: the client speaks a version below this one.
    fn negotiate(&mut self, version: Option<u64>) -> Result<(), RefusalCode> {
        self.answers.rendering = match version {
            None => Rendering::Original,
            Some(version) if version >= PROTOCOL_VERSION => Rendering::Compact,
            Some(_) => return Err(RefusalCode::UnsupportedVersion),
        };
        Ok(())
    }

    /// Replies to create and join, with the uuid in the form in which the client wrote it.
    /// `time` is the server's, if the client has asked for it.
    fn reply(
        &mut self,
        room: RoomId,
        uuid: &str,
        owner: Option<KeyReply>,
        time: Option<u64>,
        host: &mut impl Host,
    ) {
        // The reply names the head or the epoch, which must be kept first.
        self.answer_after_room(room, host);
        if self.answers.rendering == Rendering::Original {
            return self.answers.push_original_reply(uuid);
        }
        let known = |room: &mut Room| (room.head(), room.limits().announced(), room.code(), room.has_clock());
        let Some((seq, limits, code, clock)) = host.with(room, known) else {
            return self.end_in_room(room, CloseCode::RoomClosed);
        };
        let params_depth = Some(host.params_depth() as u64);
        let member = owner.as_ref().and_then(|owner| owner.seat);
        let (owner_key, epoch, ack) =
            owner.map_or((None, None, 0), |owner| (owner.key, owner.epoch, owner.answered));
        let version = Some(PROTOCOL_VERSION);
        let seat = member.or(self.roster.as_ref().and_then(|part| part.seat)).map(u64::from);
        let (uuid, code) = (uuid.to_owned(), code.map(|code| code.to_string()));
        self.answers.push(&ServerMessage::Connected(Connected {
            uuid,
            version,
            seq,
            limits,
            params_depth,
            owner_key,
            epoch,
            ack,
            code,
            clock,
            time,
            seat,
            role: member.map(MemberRole::of_seat),
        }));
    }

    /// Refuses a create or join. Some of these refusals end the connection.
    fn refuse_entry(&mut self, refusal: Refusal, host: &mut impl Host) {
        let close = refusal.closes_with();
        self.refuse(refusal, host);
        if let Some(close) = close {
            self.end(close);
        }
    }
}

/// How the bearer of a key has entered, and what its connection holds.
enum Entered {
    Drives { claimed: Claimed, held: HeldClaim, snapshot: Option<Cursor> },
    Follows { seat: u32, entry: u64, answered: u64, cursor: Cursor, resumes: bool },
}

/// Has the room do what its new driver wishes. Returns from where that is served what the room
/// retains, if it needs that.
fn take_over(
    room: &mut Room,
    seat: u32,
    claimed: &Claimed,
    is_up_to_date: bool,
    join: &Join<'_>,
    rendering: Rendering,
) -> Option<Cursor> {
    // What the creator has wished for holds while others drive.
    if let Some(claim) = join.claim.as_ref().filter(|_| seat == 0) {
        room.share_audience(claim.share_audience);
        room.want_clock(join.clock);
        room.share_roster(claim.share_roster);
    }
    let knows_nothing = (claimed.new_session && !is_up_to_date) || join.since == Some(0);
    if knows_nothing {
        return Some(room.cursor(rendering, None));
    }
    // The session knows what the room was before it was lost, and is told.
    claimed.was_lost.then(|| room.resync_cursor(rendering))
}

/// Has the host open the wanted room anew, if it is lost and the claim is its owner's.
fn reopen_if_lost(wanted: Option<RoomId>, join: &Join<'_>, host: &mut impl Host) -> Result<(), Refusal> {
    let (Some(room), Some(claim)) = (wanted, join.claim.as_ref().filter(|_| join.claims_ownership())) else {
        return Ok(());
    };
    if host.with(room, |_| ()).is_some() || !host.may_reopen(room, &claim.key) {
        return Ok(());
    }
    authorise(Operation::Create, join.token.as_deref(), host)?;
    host.reopen(room, claim)
}

/// Checks that the token allows the operation.
///
/// # Errors
/// - `forbidden`: it doesn't.
/// - What [`Host::permissions`] refuses.
fn authorise(operation: Operation, token: Option<&str>, host: &mut impl Host) -> Result<(), Refusal> {
    if host.permissions(operation, token)?.allow(operation) {
        Ok(())
    } else {
        Err(RefusalCode::Forbidden.into())
    }
}
