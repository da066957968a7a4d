//! How many unknown rooms an address may ask for, so that ids can't be guessed.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use rtbroadcaster_protocol::{Delay, Rate, RoomId, Timestamp};

use crate::admission::{AddressLimits, client_network};

/// Rooms that are remembered together with the address that asked for them, in some 4 MB. When
/// there are more, all are forgotten: then they count once more.
const MAX_REMEMBERED: usize = 65_536;

/// Counts the unknown rooms that an address asks for, each once. A class whose room was lost asks
/// for one room a thousand times, which is no guessing.
#[derive(Debug)]
pub(super) struct UnknownRooms {
    limits: AddressLimits,
    remembered: Mutex<HashSet<(IpAddr, RoomId)>>,
}

impl UnknownRooms {
    pub(super) fn new(per_minute: u64) -> Self {
        Self { limits: AddressLimits::new(Rate::per_minute(per_minute)), remembered: Mutex::default() }
    }

    /// How long until this address may ask for a room again. None if it may now.
    pub(super) fn wait(&self, remote: IpAddr, now: Timestamp) -> Option<Delay> {
        self.limits.wait(remote, now)
    }

    /// Notes that this address has asked for this room, which is unknown.
    pub(super) fn note(&self, room: RoomId, remote: IpAddr, now: Timestamp) {
        if self.is_new(room, remote) {
            self.limits.count(remote, now);
        }
    }

    fn is_new(&self, room: RoomId, remote: IpAddr) -> bool {
        // The set is consistent at every point where a panic could happen.
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = (client_network(remote), room);
        if remembered.len() >= MAX_REMEMBERED && !remembered.contains(&asked) {
            remembered.clear();
        }
        remembered.insert(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn each_room_counts_once_for_each_address() {
        let unknown = UnknownRooms::new(2);
        let (room, now) = (RoomId::from_random(1), Timestamp(0));
        for _ in 0..1_000 {
            unknown.note(room, address(1), now);
        }
        assert_eq!(unknown.wait(address(1), now), None);
        unknown.note(RoomId::from_random(2), address(1), now);
        assert_eq!(unknown.wait(address(1), now), Delay::from_milliseconds(30_000));
        unknown.note(room, address(2), now);
        assert_eq!(unknown.wait(address(2), now), None);
    }

    #[test]
    fn the_number_of_remembered_rooms_is_bounded() {
        let unknown = UnknownRooms::new(1);
        for number in 0..=MAX_REMEMBERED as u128 {
            unknown.note(RoomId::from_random(number), address(1), Timestamp(0));
        }
        assert!(unknown.remembered.lock().unwrap().len() <= MAX_REMEMBERED);
    }
}
