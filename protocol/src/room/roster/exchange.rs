//! Servers that have the same room tell each other who is there: each says what has changed of its
//! own people, once a second at most, and every few seconds which version of its list it has. One
//! that has missed something asks, and is told the whole.

use std::collections::HashMap;

use super::said::{RosterSaid, RosterSaying, SeatedPerson};
use crate::Timestamp;
use crate::mutation::mutated;

/// A server with people says at least once in this time which version of its list it has, in
/// milliseconds.
const REPEAT_MS: u64 = 5_000;

/// The people of a server that says nothing are gone after so many milliseconds. It is as long as a
/// seat is kept, so that those who come back at another server keep theirs.
const SILENT_MS: u64 = 30_000;

/// A server asks for lists, and says its whole list, at most once in this time, in milliseconds.
const PAUSE_MS: u64 = 1_000;

/// After a list for which there was no memory, this server asks no sooner than after so many
/// milliseconds.
const REFUSED_MS: u64 = 30_000;

/// People in one message: it has some 150 KB at most.
const MESSAGE_PEOPLE: usize = 500;

/// What a server has said of its list, and what it has heard of those of others.
#[derive(Debug)]
pub(super) struct Exchange {
    server: u64,
    list: u64,
    version: u64,
    said_at: Option<Timestamp>,
    said_whole_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    must_say_whole: bool,
    must_ask: bool,
    /// Before that it doesn't ask.
    asks_from: Timestamp,
    others: HashMap<u64, Other>,
}

/// The list of another server.
#[derive(Debug)]
struct Other {
    list: u64,
    version: u64,
    heard_at: Timestamp,
    /// The parts of its whole list that were heard, if others are missing.
    parts: Option<Parts>,
}

#[derive(Debug)]
struct Parts {
    list: u64,
    version: u64,
    count: u32,
    people: Vec<SeatedPerson>,
}

/// What the room's list is to take over of what another server has said.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) came: Vec<SeatedPerson>,
    pub(super) went: Vec<u32>,
    /// Whether nobody else is on that server.
    pub(super) is_whole: bool,
}

impl Exchange {
    pub(super) fn new(server: u64, list: u64, asks: bool) -> Self {
        Self {
            server,
            list,
            version: 0,
            said_at: None,
            said_whole_at: None,
            asked_at: None,
            must_say_whole: false,
            must_ask: asks,
            asks_from: Timestamp::default(),
            others: HashMap::new(),
        }
    }

    /// What another server has said, as far as the room's list is to take it over.
    pub(super) fn hear(&mut self, said: RosterSaid, now: Timestamp) -> Option<Heard> {
        if said.server == self.server {
            return None;
        }
        match said.what {
            RosterSaying::Asks => {
                self.must_say_whole = true;
                None
            }
            RosterSaying::Whole { part, parts, people } => {
                let other = self.others.entry(said.server).or_insert_with(|| Other::unknown(now));
                other.heard_at = now;
                if (said.list, said.version) < (other.list, other.version) {
                    return None;
                }
                let whole = other.put_together((said.list, said.version), part, parts, people);
                self.must_ask |= whole.is_none() && other.parts.is_none();
                whole.map(|came| Heard { came, went: Vec::new(), is_whole: true })
            }
            RosterSaying::Changes { from, came, went } => {
                let other = self.others.entry(said.server).or_insert_with(|| Other::unknown(now));
                other.heard_at = now;
                // A message that was overtaken: what it says is known.
                if (said.list, said.version) <= (other.list, other.version) {
                    return None;
                }
                // The first change of a list has all that is in it.
                let is_new = other.list != said.list && from == 0;
                let follows = (other.list, other.version) == (said.list, from) || is_new;
                if !follows && !mutated!(IgnoreRosterHole) {
                    self.must_ask = true;
                    return None;
                }
                (other.list, other.version) = (said.list, said.version);
                let has_changed = is_new || !came.is_empty() || !went.is_empty();
                has_changed.then_some(Heard { came, went, is_whole: is_new })
            }
        }
    }

    /// Notes that there was no memory for what a server has said: it is asked once more, later.
    pub(super) fn note_refused(&mut self, server: u64, now: Timestamp) {
        if let Some(other) = self.others.get_mut(&server) {
            // Its last word stays known, so that its people go with it.
            *other = Other::unknown(other.heard_at);
        }
        (self.must_ask, self.asks_from) = (true, now.after(REFUSED_MS));
    }

    /// The servers that have said nothing for too long. They are forgotten.
    pub(super) fn take_silent(&mut self, now: Timestamp) -> Vec<u64> {
        let is_silent = |other: &Other| now.since(other.heard_at) >= SILENT_MS;
        let silent: Vec<_> =
            self.others.iter().filter(|(_, other)| is_silent(other)).map(|(server, _)| *server).collect();
        if mutated!(KeepSilentServer) {
            return Vec::new();
        }
        silent.iter().for_each(|server| drop(self.others.remove(server)));
        silent
    }

    /// Whether it has heard of other servers, which it forgets when they are silent.
    pub(super) fn knows_others(&self) -> bool {
        !self.others.is_empty()
    }

    /// Whether the lists of others are missing.
    pub(super) fn must_ask(&self) -> bool {
        self.must_ask
    }

    /// Whether the whole list is to be said now. It counts as said then.
    pub(super) fn takes_whole(&mut self, now: Timestamp) -> bool {
        let may_say = self.said_whole_at.is_none_or(|at| now.since(at) >= PAUSE_MS);
        let says = self.must_say_whole && may_say;
        if says {
            (self.must_say_whole, self.said_whole_at) = (false, Some(now));
        }
        says
    }

    /// The messages with the whole list. None are needed of a list in which nobody ever was.
    pub(super) fn whole(&mut self, people: Vec<SeatedPerson>, now: Timestamp) -> Vec<RosterSaid> {
        if people.is_empty() && self.version == 0 {
            return Vec::new();
        }
        self.said_at = Some(now);
        let parts = people.len().div_ceil(MESSAGE_PEOPLE).max(1) as u32;
        let mut people = people.into_iter();
        (0..parts)
            .map(|part| {
                let people = people.by_ref().take(MESSAGE_PEOPLE).collect();
                self.say(RosterSaying::Whole { part, parts, people })
            })
            .collect()
    }

    /// The messages with what has changed.
    pub(super) fn changes(
        &mut self,
        came: Vec<SeatedPerson>,
        went: &[u32],
        now: Timestamp,
    ) -> Vec<RosterSaid> {
        let mut messages = Vec::new();
        let mut came = came.into_iter();
        let mut went = went.chunks(MESSAGE_PEOPLE).map(<[u32]>::to_vec);
        loop {
            let next_went = went.next().unwrap_or_default();
            let next_came: Vec<_> = came.by_ref().take(MESSAGE_PEOPLE).collect();
            if next_came.is_empty() && next_went.is_empty() {
                return messages;
            }
            let from = self.version;
            (self.version, self.said_at) = (self.version + 1, Some(now));
            messages.push(self.say(RosterSaying::Changes { from, came: next_came, went: next_went }));
        }
    }

    /// Notes that something has changed that is told with the whole list.
    pub(super) fn note_changed(&mut self) {
        self.version += 1;
    }

    /// What is said without a change: which version the list has, and that those of others are
    /// missing.
    pub(super) fn reminders(&mut self, has_people: bool, now: Timestamp) -> Vec<RosterSaid> {
        let mut messages = Vec::new();
        let is_due = |at: Option<Timestamp>, ms| at.is_none_or(|at| now.since(at) >= ms);
        if has_people && is_due(self.said_at, REPEAT_MS) {
            self.said_at = Some(now);
            let (from, came, went) = (self.version, Vec::new(), Vec::new());
            messages.push(self.say(RosterSaying::Changes { from, came, went }));
        }
        if self.must_ask && now >= self.asks_from && is_due(self.asked_at, PAUSE_MS) {
            (self.must_ask, self.asked_at) = (false, Some(now));
            messages.push(self.say(RosterSaying::Asks));
        }
        messages
    }

    fn say(&self, what: RosterSaying) -> RosterSaid {
        RosterSaid { server: self.server, list: self.list, version: self.version, what }
    }
}

impl Other {
    /// A server of which nothing is known but that it is there.
    fn unknown(now: Timestamp) -> Self {
        Self { list: 0, version: 0, heard_at: now, parts: None }
    }

    /// The whole list, if this is its last part and no other is missing. `parts` is None after a
    /// part that doesn't fit.
    fn put_together(
        &mut self,
        (list, version): (u64, u64),
        part: u32,
        count: u32,
        people: Vec<SeatedPerson>,
    ) -> Option<Vec<SeatedPerson>> {
        let before = self.parts.take().filter(|parts| (parts.list, parts.version) == (list, version));
        let mut parts = match part {
            0 => Parts { list, version, count: 0, people: Vec::new() },
            _ => before.filter(|parts| parts.count == part)?,
        };
        parts.count += 1;
        parts.people.extend(people);
        if parts.count < count {
            self.parts = Some(parts);
            return None;
        }
        (self.list, self.version) = (list, version);
        Some(parts.people)
    }
}
