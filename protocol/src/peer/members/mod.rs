//! What a connection does about the right to write: it enters with a key, asks for one, gives one,
//! and passes the pen on.

mod part;

pub(super) use part::MemberPart;

use super::host::with;
use super::{HeldClaim, Peer, Role};
use crate::room::{MadeKey, MemberAsker, SeatState, may_write_already, rendered};
use crate::{CloseCode, Host, Question, Refusal, RefusalCode, Room, RoomId, Timestamp, render};

/// How long after its last request a connection may ask once more for the right to write, if that
/// doesn't wait any more. In milliseconds.
const ASKS_AGAIN_MS: u64 = 30_000;

impl Peer {
    /// The seat of a connection that has entered with a key, or that has asked for one.
    pub(super) fn seat(&self) -> Option<u32> {
        match &self.role {
            Role::Owner { claim, .. } => Some(claim.seat),
            Role::Follower { .. } => self.member.as_ref()?.seat,
            Role::Outside | Role::Gone => None,
        }
    }

    /// Whether it follows and has entered with a key, so that it may see who is there.
    pub(super) fn is_member(&self) -> bool {
        self.member.as_ref().is_some_and(|part| part.seat.is_some() && part.entry.is_some())
    }

    /// Notes that a follower has entered with a key.
    pub(super) fn take_member_seat(&mut self, seat: u32, entry: u64) {
        let part = MemberPart { seat: Some(seat), entry: Some(entry), ..MemberPart::default() };
        self.member = Some(Box::new(part));
    }

    /// Notes that a follower is gone that has entered with a key.
    pub(super) fn leave_member_seat(&mut self, room: RoomId, host: &mut impl Host) {
        let part = self.member.as_mut().filter(|part| part.entry.is_some());
        if let Some(seat) = part.and_then(|part| part.seat.take()) {
            with(host, room, |room| room.note_seat_gone(seat));
        }
    }

    pub(super) fn drive(&mut self, id: Option<u64>, seat: u64, now: Timestamp, host: &mut impl Host) {
        self.as_owner(id, now, host, |room| room.pass(id, seat, now));
    }

    /// Answers a question of a member, or of a follower that asks for the right to write.
    pub(super) fn ask_as_member(
        &mut self,
        ask: u64,
        question: &Question<'_>,
        now: Timestamp,
        host: &mut impl Host,
    ) {
        let Some(room) = self.room() else {
            return self.refuse_ask(ask, &RefusalCode::NotInRoom.into(), host);
        };
        let asked = match question {
            Question::Request { key, name } => self.request(room, ask, (key, name.as_deref()), now, host),
            question => self.manage(room, ask, question, now, host),
        };
        self.answer_after_room(room, host);
        match asked {
            Ok(Ok(text)) => self.answers.push_rendered(&text),
            Ok(Err(refusal)) => self.refuse_ask(ask, &refusal, host),
            Err(code) => self.end_of_turn(room, code, host),
        }
    }

    /// What only the creator may ask, and the driver some of it.
    fn manage(
        &mut self,
        room: RoomId,
        ask: u64,
        question: &Question<'_>,
        now: Timestamp,
        host: &mut impl Host,
    ) -> Result<Result<String, Refusal>, CloseCode> {
        let drives = matches!(self.role, Role::Owner { .. });
        let seat = self.seat().filter(|_| drives || self.is_member());
        if let Err(refusal) = (MemberAsker { seat, drives }).check(question) {
            return Ok(Err(refusal));
        }
        let made = made_key(question, host);
        let act = |room: &mut Room| room.manage(ask, question, made, now);
        match &mut self.role {
            Role::Owner { claim, .. } => claim.act(host, room, act),
            _ => Ok(with(host, room, act).unwrap_or(Err(RefusalCode::UnknownRoom.into()))),
        }
    }

    fn request(
        &mut self,
        room: RoomId,
        ask: u64,
        (key, name): (&str, Option<&str>),
        now: Timestamp,
        host: &mut impl Host,
    ) -> Result<Result<String, Refusal>, CloseCode> {
        if !matches!(self.role, Role::Follower { .. }) {
            return Ok(Err(may_write_already()));
        }
        let (digest, random) = (host.digest(key), host.random());
        let in_roster = self.roster.as_ref().and_then(|part| part.seat);
        let part = self.member.get_or_insert_default();
        let next_at = part.asked_at.map(|at| at.after(ASKS_AGAIN_MS));
        if let Some(at) = next_at.filter(|at| *at > now && part.request.is_none()) {
            return Ok(Err(Refusal::until_later(RefusalCode::RateLimited, at.since(now))));
        }
        let known = part.seat;
        let asked = with(host, room, |room| {
            known.map_or(Ok(()), |seat| room.check_own_key(&digest, seat))?;
            room.request(digest, name, known.or(in_roster), random, now)
        });
        Ok(asked.unwrap_or(Err(RefusalCode::UnknownRoom.into())).map(|(seat, request)| {
            part.asked_at = Some(now).filter(|_| part.request != Some(request)).or(part.asked_at);
            (part.seat, part.request) = (Some(seat), Some(request));
            rendered(|text| render::asked_seat(text, ask, seat))
        }))
    }

    /// Tells a follower what concerns its seat: that it holds it no longer, that its request was
    /// refused, and, if it is the creator, who else asks for the right to write.
    pub(super) fn tell_member(&mut self, host: &mut impl Host) {
        if self.ending.is_some() || !self.answers.is_compact() {
            return;
        }
        let Role::Follower { room, .. } = self.role else { return };
        let Some(part) = self.member.as_mut().filter(|part| part.seat.is_some()) else { return };
        match host.with(room, |room| part.news(room)) {
            Some(Err(code)) => self.end_in_room(room, code),
            Some(Ok(texts)) => texts.iter().for_each(|text| self.answers.push_rendered(text)),
            None => {}
        }
    }

    /// Tells a driver who asks for the right to write.
    pub(super) fn tell_requests(&mut self, requests: &[String]) {
        if self.answers.is_compact() {
            requests.iter().for_each(|text| self.answers.push_rendered(text));
        }
    }

    /// Ends a connection that may not write any more. It is told who may, if that is why.
    pub(super) fn end_of_turn(&mut self, room: RoomId, code: CloseCode, host: &mut impl Host) {
        self.answer_after_room(room, host);
        if let Role::Owner { claim, .. } = &self.role
            && self.answers.is_compact()
        {
            let passed = host.with(room, |room| room.turn_after(claim.epoch())).flatten();
            passed.into_iter().for_each(|text| self.answers.push_rendered(&text));
        }
        self.end_in_room(room, code);
    }

    /// Lets a guest that drives leave the room, which is not its own to close.
    pub(super) fn leave_as_driver(
        &mut self,
        room: RoomId,
        claim: HeldClaim,
        now: Timestamp,
        host: &mut impl Host,
    ) {
        claim.leave(host, room, now);
        self.answer_after_room(room, host);
        self.answers.push_closed(room);
        self.end(CloseCode::Left);
    }

    pub(super) fn refuse_ask(&mut self, ask: u64, refusal: &Refusal, host: &mut impl Host) {
        host.note_refusal(refusal);
        self.answers.refusals += 1;
        self.answers.push_rendered(&rendered(|text| render::refused_ask(text, ask, refusal)));
    }
}

impl MemberPart {
    /// What its connection is to be told.
    ///
    /// # Errors
    /// The code with which it ends: another page has entered with the same key.
    fn news(&mut self, room: &Room) -> Result<Vec<String>, CloseCode> {
        let Some(seat) = self.seat else { return Ok(Vec::new()) };
        let mut texts = Vec::new();
        if self.request.is_some_and(|request| room.is_refused(seat, request)) {
            self.request = None;
            texts.push(rendered(|text| render::ended(text, "refused", seat)));
        }
        match self.entry.map(|entry| room.seat_state(seat, entry)) {
            None if self.request.is_none() && !texts.is_empty() => self.seat = None,
            None | Some(SeatState::Held) => {}
            Some(SeatState::Superseded) => return Err(CloseCode::Superseded),
            Some(SeatState::Revoked) => {
                self.seat = None;
                texts.push(rendered(|text| render::ended(text, "revoked", seat)));
            }
        }
        if seat == 0 {
            let (told, requests) = requests(room, self.told_requests);
            self.told_requests = told;
            texts.extend(requests);
        }
        Ok(texts)
    }
}

/// What a question brings along.
fn made_key(question: &Question<'_>, host: &mut impl Host) -> MadeKey {
    MadeKey { digest: question.key().map(|key| host.digest(key)), random: host.random() }
}

/// The requests that a connection was not told yet, which knows those up to the number `told`.
/// With the number up to which it knows them then.
pub(super) fn requests(room: &Room, told: u64) -> (u64, Vec<String>) {
    let waiting = room.requests_after(told);
    let newest = waiting.last().map_or(told, |(newest, ..)| *newest);
    let texts = waiting.iter().map(|(_, seat, name)| rendered(|text| render::request(text, *seat, *name)));
    (newest, texts.collect())
}
