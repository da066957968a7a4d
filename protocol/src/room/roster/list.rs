//! The people of a room that have a name, by their seats.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;

use super::news::Changes;
use super::seats::{SeatNumbering, SeatNumbers};
use super::sessions::Sessions;
use crate::mutation::mutated;
use crate::{Person, RosterNews, RosterPage, RosterQuery, Timestamp};

/// Bytes of a seat beside its texts: tables and allocations.
const SEAT_BYTES: usize = 256;
/// Bytes of a list without seats, with what it remembers of comings and goings.
const LIST_BYTES: usize = 4 * 1024;

/// A name that a follower has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GivenName<'a> {
    pub(crate) text: &'a str,
    /// A token says it.
    pub(crate) is_verified: bool,
}

/// The seats of a room.
#[derive(Debug)]
pub(super) struct List {
    pub(super) seats: BTreeMap<u32, Seat>,
    pub(super) sessions: Sessions,
    numbers: SeatNumbers,
    /// Seats that are kept without a connection, and until when, in order. One whose page has come
    /// back is in here too.
    kept: VecDeque<(Timestamp, u32)>,
    pub(super) changes: Changes,
    /// Bytes of all names and sessions.
    pub(super) text_bytes: usize,
    /// How many of the seats are this server's.
    pub(super) here: usize,
    /// Seats that have come to this server, or have gone from it, and of which the others don't
    /// know yet. None if no other server has the room.
    pub(super) untold: Option<BTreeSet<u32>>,
}

#[derive(Debug)]
pub(super) struct Seat {
    pub(super) name: Box<str>,
    pub(super) is_verified: bool,
    pub(super) session: Option<Box<str>>,
    /// Connections to this server.
    pub(super) connections: u32,
    /// Until when it is kept here without a connection.
    pub(super) kept_until: Option<Timestamp>,
    /// The other servers that have it.
    pub(super) servers: Vec<u64>,
}

impl Seat {
    /// Whether this server has it.
    pub(super) fn is_here(&self) -> bool {
        self.connections > 0 || self.kept_until.is_some()
    }

    fn has(&self, name: GivenName<'_>) -> bool {
        *self.name == *name.text && self.is_verified == name.is_verified
    }

    pub(super) fn text_bytes(&self) -> usize {
        self.name.len() + 2 * self.session.as_ref().map_or(0, |session| session.len())
    }
}

impl List {
    /// A list without people. `is_shared` says whether other servers have the room.
    pub(super) fn new(numbering: SeatNumbering, is_shared: bool) -> Self {
        Self {
            seats: BTreeMap::new(),
            sessions: Sessions::default(),
            numbers: SeatNumbers::new(numbering),
            kept: VecDeque::new(),
            changes: Changes::default(),
            text_bytes: 0,
            here: 0,
            untold: is_shared.then(BTreeSet::new),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.seats.len()
    }

    /// A number that no seat has, for somebody who is no follower.
    pub(super) fn next_number(&mut self) -> u32 {
        let seats = &self.seats;
        self.numbers.next(|number| seats.contains_key(&number))
    }

    pub(super) fn name_of(&self, seat: u32) -> Option<&str> {
        self.seats.get(&seat).map(|seat| &*seat.name)
    }

    pub(super) fn bytes(&self) -> usize {
        LIST_BYTES + self.seats.len() * SEAT_BYTES + self.text_bytes
    }

    /// The seat of a session, or a new one. A session that comes with another name is somebody
    /// else. None if there is no memory for a new one.
    pub(super) fn take(
        &mut self,
        name: GivenName<'_>,
        session: Option<&str>,
        has_memory: bool,
    ) -> Option<u32> {
        if let Some(number) = session.and_then(|session| self.sessions.seat(session)) {
            match self.seats.get_mut(&number) {
                Some(seat) if seat.has(name) => {
                    let was_here = seat.is_here();
                    (seat.connections, seat.kept_until) = (seat.connections + 1, None);
                    self.note_here(number, was_here, true);
                    return Some(number);
                }
                _ => self.give_up_here(number),
            }
        }
        if !has_memory {
            return None;
        }
        let number = self.numbers.next(|number| self.seats.contains_key(&number));
        let session = session.map(Box::<str>::from);
        let GivenName { text, is_verified } = name;
        let (name, servers) = (text.into(), Vec::new());
        self.add(number, Seat { name, is_verified, session, connections: 1, kept_until: None, servers });
        self.note_here(number, false, true);
        Some(number)
    }

    /// Adds a seat that nobody has.
    pub(super) fn add(&mut self, number: u32, seat: Seat) {
        if let Some(session) = &seat.session {
            let is_newest = seat.is_here() || !self.is_connected_here(session);
            self.sessions.note(session, number, is_newest);
        }
        self.text_bytes += seat.text_bytes();
        self.seats.insert(number, seat);
        self.changes.note(number, true);
    }

    /// Whether the page of a session has a connection to this server. Then no other server knows
    /// better which seat the session has.
    pub(super) fn is_connected_here(&self, session: &str) -> bool {
        let seat = self.sessions.seat(session).and_then(|number| self.seats.get(&number));
        seat.is_some_and(|seat| seat.connections > 0)
    }

    /// A connection with this seat is gone. Once no other has it, a seat of a session is kept until
    /// then, unless it has gone on at another server.
    pub(super) fn leave(&mut self, number: u32, kept_until: Option<Timestamp>) {
        let Some(seat) = self.seats.get_mut(&number).filter(|seat| seat.connections > 0) else { return };
        seat.connections -= 1;
        if seat.connections > 0 {
            return;
        }
        let is_only = |session: &str| {
            self.sessions.seat(session) == Some(number) && !self.sessions.has_another(session)
        };
        let may_return = seat.session.as_deref().is_some_and(is_only) && seat.servers.is_empty();
        if let Some(until) = kept_until.filter(|_| may_return) {
            seat.kept_until = Some(until);
            self.kept.push_back((until, number));
        } else {
            self.note_here(number, true, false);
            self.remove_if_gone(number);
        }
    }

    /// Notes that a seat has come to this server or has gone from it.
    pub(super) fn note_here(&mut self, number: u32, was_here: bool, is_here: bool) {
        if was_here == is_here {
            return;
        }
        self.here = if is_here { self.here + 1 } else { self.here.saturating_sub(1) };
        if let Some(untold) = &mut self.untold {
            untold.insert(number);
        }
    }

    /// Gives up this server's share of a seat.
    pub(super) fn give_up_here(&mut self, number: u32) {
        let Some(seat) = self.seats.get_mut(&number) else { return };
        let was_here = seat.is_here();
        (seat.connections, seat.kept_until) = (0, None);
        self.note_here(number, was_here, false);
        self.remove_if_gone(number);
    }

    /// Removes a seat that no server has any more.
    pub(super) fn remove_if_gone(&mut self, number: u32) {
        if self.seats.get(&number).is_some_and(|seat| !seat.is_here() && seat.servers.is_empty()) {
            self.remove(number);
        }
    }

    pub(super) fn remove(&mut self, number: u32) {
        let Some(seat) = self.seats.remove(&number) else { return };
        self.note_here(number, seat.is_here(), false);
        self.text_bytes -= seat.text_bytes();
        if let Some(session) = &seat.session {
            self.sessions.forget(session, number);
        }
        self.changes.note(number, false);
    }

    /// Gives up the seats that were kept for long enough. Returns whether there were any.
    pub(super) fn give_up_seats(&mut self, now: Timestamp) -> bool {
        let mut has_given_up = false;
        while let Some((until, number)) = self.kept.front().copied().filter(|(until, _)| *until <= now) {
            self.kept.pop_front();
            let away = self.seats.get_mut(&number).filter(|seat| seat.kept_until == Some(until));
            if let Some(seat) = away.filter(|_| !mutated!(KeepSeatForEver)) {
                seat.kept_until = None;
                self.note_here(number, true, false);
                self.remove_if_gone(number);
                has_given_up = true;
            }
        }
        has_given_up
    }

    /// When a seat is to be given up, or something to be told.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let gives_up = self.kept.front().map(|(until, _)| *until);
        [gives_up, self.changes.due()].into_iter().flatten().min()
    }

    pub(super) fn tell(&mut self, now: Timestamp) -> bool {
        self.changes.tell(now)
    }

    pub(super) fn follow(&mut self, is_follower: bool) -> u64 {
        self.changes.follow(is_follower)
    }

    pub(super) fn is_followed_by_followers(&self) -> bool {
        self.changes.is_followed_by_followers
    }

    /// A part of the people, with so many of them at most.
    pub(super) fn page(&self, query: RosterQuery, most: usize) -> RosterPage<'_> {
        let limit =
            query.limit.map_or(most, |limit| usize::try_from(limit).map_or(most, |limit| limit.min(most)));
        let named = self.seats.len() as u64;
        let Ok(after) = u32::try_from(query.after) else {
            return RosterPage { named, ..RosterPage::default() };
        };
        let mut rest = self.seats.range((Bound::Excluded(after), Bound::Unbounded));
        let people: Vec<_> = rest.by_ref().take(limit).map(|(number, seat)| person(*number, seat)).collect();
        let has_more = rest.next().is_some();
        let next = people.last().filter(|_| has_more).map_or(0, |person| u64::from(person.seat));
        RosterPage { people, next, named }
    }

    pub(super) fn news(&self, known: u64, shows_people: bool) -> Option<(RosterNews<'_>, u64)> {
        let find = |number| self.seats.get(&number).map(|seat| person(number, seat));
        self.changes.after(known, shows_people, find)
    }
}

fn person(seat: u32, Seat { name, is_verified, .. }: &Seat) -> Person<'_> {
    Person { seat, name, is_verified: *is_verified }
}
