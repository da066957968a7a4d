//! The people of a room that have a name, by their seats.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;

use super::news::Changes;
use super::seats::SeatNumbers;
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
    seats: BTreeMap<u32, Seat>,
    of_sessions: HashMap<Box<str>, u32>,
    numbers: SeatNumbers,
    /// Seats that are kept without a connection, and until when, in order. One whose page has come
    /// back is in here too.
    kept: VecDeque<(Timestamp, u32)>,
    changes: Changes,
    /// Bytes of all names and sessions.
    text_bytes: usize,
}

#[derive(Debug)]
struct Seat {
    name: Box<str>,
    is_verified: bool,
    session: Option<Box<str>>,
    connections: u32,
    /// Until when it is kept without a connection.
    kept_until: Option<Timestamp>,
}

impl Seat {
    fn has(&self, name: GivenName<'_>) -> bool {
        *self.name == *name.text && self.is_verified == name.is_verified
    }

    fn text_bytes(&self) -> usize {
        self.name.len() + 2 * self.session.as_ref().map_or(0, |session| session.len())
    }
}

impl List {
    pub(super) fn new(key: u64) -> Self {
        Self {
            seats: BTreeMap::new(),
            of_sessions: HashMap::new(),
            numbers: SeatNumbers::new(key),
            kept: VecDeque::new(),
            changes: Changes::default(),
            text_bytes: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.seats.len()
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
        if let Some(number) = session.and_then(|session| self.of_sessions.get(session)).copied() {
            match self.seats.get_mut(&number) {
                Some(seat) if seat.has(name) => {
                    (seat.connections, seat.kept_until) = (seat.connections + 1, None);
                    return Some(number);
                }
                _ => self.remove(number),
            }
        }
        if !has_memory {
            return None;
        }
        let number = self.numbers.next();
        let session = session.map(Box::<str>::from);
        if let Some(session) = &session {
            self.of_sessions.insert(session.clone(), number);
        }
        let GivenName { text, is_verified } = name;
        let seat = Seat { name: text.into(), is_verified, session, connections: 1, kept_until: None };
        self.text_bytes += seat.text_bytes();
        self.seats.insert(number, seat);
        self.changes.note(number, true);
        Some(number)
    }

    /// A connection with this seat is gone. Once no other has it, a seat of a session is kept until
    /// then.
    pub(super) fn leave(&mut self, number: u32, kept_until: Option<Timestamp>) {
        let Some(seat) = self.seats.get_mut(&number) else { return };
        seat.connections = seat.connections.saturating_sub(1);
        if seat.connections > 0 {
            return;
        }
        match kept_until.filter(|_| seat.session.is_some()) {
            Some(until) => {
                seat.kept_until = Some(until);
                self.kept.push_back((until, number));
            }
            None => self.remove(number),
        }
    }

    fn remove(&mut self, number: u32) {
        let Some(seat) = self.seats.remove(&number) else { return };
        self.text_bytes -= seat.text_bytes();
        if let Some(session) = &seat.session {
            self.of_sessions.remove(session);
        }
        self.changes.note(number, false);
    }

    /// Gives up the seats that were kept for long enough. Returns whether there were any.
    pub(super) fn give_up_seats(&mut self, now: Timestamp) -> bool {
        let before = self.seats.len();
        while let Some((until, number)) = self.kept.front().copied().filter(|(until, _)| *until <= now) {
            self.kept.pop_front();
            let is_away = self.seats.get(&number).is_some_and(|seat| seat.kept_until == Some(until));
            if is_away && !mutated!(KeepSeatForEver) {
                self.remove(number);
            }
        }
        self.seats.len() < before
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
