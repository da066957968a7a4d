//! The short codes of a server's rooms: drawing them, and finding rooms by them without letting
//! anybody guess.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rtbroadcaster_protocol::{Delay, Limits, Rate, RoomCode, RoomCodes, RoomId, Timestamp, TokenBucket};

use super::guesses::Guesses;
use super::random::random;

/// How often a code is drawn that is taken. Unless almost all are, the first or second is free.
pub(crate) const MAX_DRAWS: usize = 64;

/// A room that is to be opened with this code. No other server gives out the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReservedCode {
    pub(crate) room: RoomId,
    pub(crate) code: RoomCode,
}

/// The codes of a server's rooms, and the limits on looking for them.
#[derive(Debug)]
pub(super) struct Codes {
    table: Mutex<RoomCodes>,
    length: usize,
    guesses: Guesses<RoomCode>,
    /// What all addresses together may still guess.
    total: Mutex<TokenBucket>,
    total_rate: Rate,
}

impl Codes {
    pub(super) fn new(limits: &Limits, now: Timestamp) -> Self {
        let total_rate = Rate::per_second(limits.code_misses_per_second);
        Self {
            table: Mutex::default(),
            length: limits.code_length,
            guesses: Guesses::new(limits.code_misses_per_minute_per_address),
            total: Mutex::new(TokenBucket::new(total_rate, now)),
            total_rate,
        }
    }

    /// Draws a code for a room. None if almost all are taken.
    pub(super) fn draw(&self, room: RoomId, now: Timestamp) -> Option<RoomCode> {
        let mut table = lock(&self.table);
        (0..MAX_DRAWS).map(|_| self.any()).find(|code| table.give(*code, room, now))
    }

    /// The room that a code stands for. `remote` is the address of who asks, if it is known.
    ///
    /// # Errors
    /// How long to wait: too many codes were asked for that stand for no room. Then nothing tells
    /// whether this one does.
    pub(super) fn look_up(
        &self,
        code: RoomCode,
        remote: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Option<RoomId>, Delay> {
        self.may_guess(remote, now)?;
        let found = self.find(code);
        if found.is_none() {
            self.note_miss(code, remote, now);
        }
        Ok(found)
    }

    /// Checks whether this address may ask for a code.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn may_guess(&self, remote: Option<IpAddr>, now: Timestamp) -> Result<(), Delay> {
        let wait = remote.and_then(|remote| self.guesses.wait(remote, now));
        wait.or_else(|| lock(&self.total).wait(self.total_rate, now)).map_or(Ok(()), Err)
    }

    /// Notes that this address has asked for a code that stands for no room.
    pub(super) fn note_miss(&self, code: RoomCode, remote: Option<IpAddr>, now: Timestamp) {
        if remote.is_none_or(|remote| self.guesses.note(code, remote, now)) {
            lock(&self.total).take(self.total_rate, now);
        }
    }

    /// A code that may be any room's.
    pub(super) fn any(&self) -> RoomCode {
        RoomCode::from_random(u128::from_be_bytes(random()), self.length)
    }

    /// The room that a code stands for, whoever asks.
    pub(super) fn find(&self, code: RoomCode) -> Option<RoomId> {
        lock(&self.table).find(code)
    }

    /// Knows the code of a room that its journal has kept.
    #[cfg(any(feature = "cluster", feature = "store"))]
    pub(super) fn restore(&self, code: RoomCode, room: RoomId) {
        lock(&self.table).restore(code, room);
    }

    /// Forgets the code of a room that other servers have too. They decide who gets it next.
    #[cfg(feature = "cluster")]
    pub(super) fn forget(&self, code: RoomCode, room: RoomId) {
        lock(&self.table).forget(code, room);
    }

    /// Forgets the code of a room that has ended, or that was never opened.
    pub(super) fn end(&self, code: RoomCode, now: Timestamp) {
        lock(&self.table).end(code, now);
    }
}

/// What is in it is whole at every point where a panic could happen.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(5);

    fn codes(per_address: u64, in_total: u64) -> Codes {
        let limits = Limits::default().with(|limits| {
            limits.code_misses_per_minute_per_address = per_address;
            limits.code_misses_per_second = in_total;
        });
        Codes::new(&limits, NOW)
    }

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    /// A code that no room has: those are drawn with 6 characters here.
    fn wrong(number: u128) -> RoomCode {
        RoomCode::from_random(number, 7)
    }

    #[test]
    fn c2_an_address_misses_no_more_often_than_the_limit_and_then_learns_nothing() {
        let codes = codes(3, 1_000);
        let room = RoomId::from_random(1);
        let right = codes.draw(room, NOW).unwrap();
        for number in 0..3 {
            assert_eq!(codes.look_up(wrong(number), address(1), NOW), Ok(None));
            assert_eq!(codes.look_up(wrong(0), address(1), NOW).is_ok(), number < 2, "the same is no guess");
        }
        let wait = Delay::from_milliseconds(20_000).unwrap();
        for code in [right, wrong(0), wrong(9)] {
            assert_eq!(codes.look_up(code, address(1), NOW), Err(wait));
        }
        assert_eq!(codes.look_up(right, address(2), NOW), Ok(Some(room)), "another address");
        assert_eq!(codes.look_up(right, address(1), NOW.after(20_000)), Ok(Some(room)));
        let mut misses = 0;
        for number in 0..10_000 {
            misses += u32::from(
                codes.look_up(wrong(100 + number), address(3), NOW.after(6 * number as u64)).is_ok(),
            );
        }
        assert_eq!(misses, 3 + 2, "in a minute: those at once, and what comes back meanwhile");
    }

    #[test]
    fn c2_all_addresses_together_miss_no_more_often_than_the_limit() {
        let codes = codes(1_000, 2);
        let room = RoomId::from_random(1);
        let right = codes.draw(room, NOW).unwrap();
        assert_eq!(codes.look_up(wrong(1), address(1), NOW), Ok(None));
        assert_eq!(codes.look_up(wrong(2), None, NOW), Ok(None));
        let wait = Delay::from_milliseconds(500).unwrap();
        assert_eq!(codes.look_up(wrong(3), address(2), NOW), Err(wait));
        assert_eq!(codes.look_up(right, address(3), NOW), Err(wait), "none is told apart");
        for _ in 0..9 {
            assert_eq!(codes.look_up(right, address(3), NOW.after(500)), Ok(Some(room)), "hits are free");
        }
    }

    #[test]
    fn codes_are_drawn_anew_while_they_are_taken() {
        let codes = codes(1, 1);
        let drawn: Vec<_> =
            (0..100).filter_map(|number| codes.draw(RoomId::from_random(number), NOW)).collect();
        assert_eq!((drawn.len(), lock(&codes.table).len()), (100, 100));
        assert!(drawn.iter().all(|code| code.as_str().len() == 6));
    }
}
