//! How many wrong guesses an address may make, so that neither ids nor codes can be guessed.

use std::collections::HashSet;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use rtbroadcaster_protocol::{Delay, Rate, Timestamp};

use crate::admission::{AddressLimits, client_network};

/// Guesses that are remembered together with the address that made them, in some 4 MB. When there
/// are more, all are forgotten: then they count once more.
const MAX_REMEMBERED: usize = 65_536;

/// Counts the unknown rooms that an address asks for, each once. A class whose room was lost asks
/// for one room a thousand times, which is no guessing. `K` is what rooms are asked for by.
#[derive(Debug)]
pub(super) struct Guesses<K> {
    limits: AddressLimits,
    remembered: Mutex<HashSet<(IpAddr, K)>>,
}

impl<K: Eq + Hash> Guesses<K> {
    pub(super) fn new(per_minute: u64) -> Self {
        Self { limits: AddressLimits::new(Rate::per_minute(per_minute)), remembered: Mutex::default() }
    }

    /// How long until this address may ask for a room again. None if it may now.
    pub(super) fn wait(&self, remote: IpAddr, now: Timestamp) -> Option<Delay> {
        self.limits.wait(remote, now)
    }

    /// Notes that this address has asked for a room that is unknown. False if it asked for the same
    /// before, which doesn't count.
    pub(super) fn note(&self, unknown: K, remote: IpAddr, now: Timestamp) -> bool {
        let is_new = self.is_new(unknown, remote);
        if is_new {
            self.limits.count(remote, now);
        }
        is_new
    }

    fn is_new(&self, unknown: K, remote: IpAddr) -> bool {
        // The set is consistent at every point where a panic could happen.
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = (client_network(remote), unknown);
        if remembered.len() >= MAX_REMEMBERED && !remembered.contains(&asked) {
            remembered.clear();
        }
        remembered.insert(asked)
    }
}

#[cfg(test)]
mod tests {
    use rtbroadcaster_protocol::RoomId;

    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn each_room_counts_once_for_each_address() {
        let unknown = Guesses::new(2);
        let (room, now) = (RoomId::from_random(1), Timestamp(0));
        let counted = (0..1_000).filter(|_| unknown.note(room, address(1), now)).count();
        assert_eq!((counted, unknown.wait(address(1), now)), (1, None));
        unknown.note(RoomId::from_random(2), address(1), now);
        assert_eq!(unknown.wait(address(1), now), Delay::from_milliseconds(30_000));
        unknown.note(room, address(2), now);
        assert_eq!(unknown.wait(address(2), now), None);
    }

    #[test]
    fn the_number_of_remembered_rooms_is_bounded() {
        let unknown = Guesses::new(1);
        for number in 0..=MAX_REMEMBERED as u128 {
            unknown.note(RoomId::from_random(number), address(1), Timestamp(0));
        }
        assert!(unknown.remembered.lock().unwrap().len() <= MAX_REMEMBERED);
    }
}
