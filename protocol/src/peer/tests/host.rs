//! A server without sockets.

use std::collections::VecDeque;
use std::task::Poll;

use super::super::*;
use crate::{Claim, KeyDigest, Limits, Operation, OwnerKey, Permissions, RoomCode, RoomCodes, Rooms, Scope};

/// Above all seqs and epochs of lost rooms.
pub(super) const END: u64 = 1_000;

/// A server without sockets. Its rooms have the ids 1, 2 and so on, and the owner keys `key-1`,
/// `key-2` and so on.
pub(super) struct TestHost {
    pub(super) rooms: Rooms<Room>,
    /// Closed rooms. Connections may still be in them.
    pub(super) closed: Vec<Room>,
    pub(super) limits: Limits,
    pub(super) opened: u8,
    pub(super) guesses_left: u8,
    pub(super) codes: RoomCodes,
    pub(super) may_look_up_codes: bool,
    /// It doesn't know yet which room a code stands for.
    pub(super) looks_for_code: bool,
    /// Lost rooms whose owners may open them anew, with their owner keys.
    pub(super) lost: Vec<(RoomId, &'static str)>,
    /// What it decides about the next entries. It lets all others in.
    pub(super) decisions: VecDeque<Poll<Result<(), Refusal>>>,
    /// The name that every token says.
    pub(super) token_name: Option<String>,
    /// Whom every token names.
    pub(super) token_subject: Option<&'static str>,
}

impl Host for TestHost {
    /// The token says what is permitted: `own`, `follow`, or both. Without a token, both are.
    fn permissions(&mut self, _operation: Operation, token: Option<&str>) -> Result<Permissions, Refusal> {
        let scope = |word| match token {
            Some(token) if !token.contains(word) => Scope::Nowhere,
            _ => Scope::Everywhere,
        };
        match token {
            Some("expired") => Err(Refusal::with_message(RefusalCode::Unauthorized, "the token has expired")),
            _ => Ok(Permissions { own: scope("own"), follow: scope("follow") }),
        }
    }

    fn may_enter(&mut self, _entry: &RequestedEntry<'_>) -> Poll<Result<(), Refusal>> {
        self.decisions.pop_front().unwrap_or(Poll::Ready(Ok(())))
    }

    fn may_ask_for_room(&mut self, _now: Timestamp) -> Result<(), Refusal> {
        match self.guesses_left {
            0 => Err(Refusal::until_later(RefusalCode::RateLimited, 5_000)),
            _ => Ok(()),
        }
    }

    fn note_unknown_room(&mut self, _room: RoomId, _now: Timestamp) {
        self.guesses_left -= 1;
    }

    fn find_code(&mut self, code: RoomCode, _now: Timestamp) -> Poll<Result<Option<RoomId>, Refusal>> {
        match (self.looks_for_code, self.may_look_up_codes) {
            (true, _) => Poll::Pending,
            (false, true) => Poll::Ready(Ok(self.codes.find(code))),
            (false, false) => Poll::Ready(Err(Refusal::until_later(RefusalCode::RateLimited, 5_000))),
        }
    }

    fn create(&mut self, session: Option<&str>, has_code: bool) -> Result<(RoomId, OwnerKey), Refusal> {
        self.opened += 1;
        let (id, key) = (RoomId::from_random(u128::from(self.opened)), format!("key-{}", self.opened));
        let digest = self.digest(&key);
        let mut room = Room::new(id, digest, session, self.limits.clone());
        if has_code {
            let code = RoomCode::from_random(u128::from(self.opened), self.limits.code_length);
            assert!(self.codes.give(code, id, Timestamp(0)));
            room = room.with_code(code);
        }
        self.rooms.insert(id, room)?;
        Ok((id, OwnerKey(key)))
    }

    fn may_reopen(&mut self, room: RoomId, owner_key: &str) -> bool {
        self.lost.contains(&(room, owner_key))
    }

    fn reopen(&mut self, room: RoomId, claim: &Claim<'_>) -> Result<(), Refusal> {
        let digest = self.digest(&claim.key);
        self.lost.retain(|(lost, _)| *lost != room);
        let reopened = Room::reopened(room, digest, claim, END, self.limits.clone());
        Ok(self.rooms.insert(room, reopened)?)
    }

    fn awaits_owner(&mut self, room: RoomId, _now: Timestamp) -> bool {
        self.lost.iter().any(|(lost, _)| *lost == room)
    }

    fn time_ms(&self, now: Timestamp) -> u64 {
        now.0
    }

    fn with<R>(&mut self, room: RoomId, act: impl FnOnce(&mut Room) -> R) -> Option<R> {
        let closed = self.closed.iter_mut().find(|closed| closed.id() == room);
        self.rooms.get_mut(room).or(closed).map(act)
    }

    fn close(&mut self, room: RoomId) {
        if let Some(mut room) = self.rooms.remove(room) {
            room.close();
            room.code().inspect(|code| self.codes.end(*code, Timestamp(0)));
            self.closed.push(room);
        }
    }

    fn wake_at(&mut self, room: RoomId, moment: Timestamp) {
        self.rooms.wake_at(moment, room);
    }

    fn params_depth(&self) -> usize {
        self.limits.params_depth
    }

    fn random(&mut self) -> u64 {
        7
    }

    fn token_name(&mut self) -> Option<String> {
        self.token_name.clone()
    }

    fn token_subject(&self) -> Option<String> {
        self.token_subject.map(str::to_owned)
    }

    fn digest(&mut self, owner_key: &str) -> KeyDigest {
        let mut digest = [0; 32];
        digest.iter_mut().zip(owner_key.bytes()).for_each(|(digest, byte)| *digest = byte);
        KeyDigest(digest)
    }
}

impl TestHost {
    /// Does what a server does when time has passed.
    pub(super) fn tick(&mut self, now: Timestamp) {
        for id in self.rooms.take_due(now) {
            let Some(room) = self.rooms.get_mut(id) else { continue };
            if !room.tick(now) {
                self.close(id);
            } else if let Some(alarm) = room.take_alarm() {
                self.rooms.wake_at(alarm, id);
            }
        }
    }
}

pub(super) fn host() -> TestHost {
    let limits =
        Limits { ring_actions: 4, rooms: 2, followers_per_room: 2, slots_per_room: 2, ..Limits::default() };
    TestHost {
        rooms: Rooms::new(limits.rooms),
        closed: Vec::new(),
        limits,
        opened: 0,
        guesses_left: 3,
        codes: RoomCodes::default(),
        may_look_up_codes: true,
        looks_for_code: false,
        lost: Vec::new(),
        decisions: VecDeque::new(),
        token_name: None,
        token_subject: None,
    }
}
