//! The numbers of seats. They look random, and none comes twice.

use crate::mutation::mutated;

/// How many bits of a counter tell the seats of one server from each other, where several servers
/// have the same rooms. The bits above name the server.
const SERVER_SEATS_BITS: u32 = 20;

/// Which of the numbers from 1 to 2³² − 1 a server gives out in a room, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SeatNumbering {
    /// Decides the order.
    key: u64,
    /// The number of the server. 0: all numbers are this server's.
    server: u16,
    /// How many of its numbers count as given out before.
    given: u32,
}

impl SeatNumbering {
    /// The numbers of a server whose rooms are its own.
    pub(super) fn all(key: u64) -> Self {
        Self { key, server: 0, given: 0 }
    }

    /// The numbers of one of several servers that have the same room. Two of them have none in
    /// common: each server counts in a range of its own, and all shuffle by the same key. It counts
    /// on behind `given`, so that a server that has the room again gives out other numbers.
    pub(super) fn of_server(key: u64, server: u16, given: u32) -> Self {
        Self { key, server, given: if mutated!(CountSeatsAnew) { 0 } else { given } }
    }
}

/// Gives out numbers, each once, in an order that the key decides. A server that has given out all
/// of its own begins again.
#[derive(Debug)]
pub(super) struct SeatNumbers {
    numbering: SeatNumbering,
    given: u32,
}

impl SeatNumbers {
    pub(super) fn new(numbering: SeatNumbering) -> Self {
        Self { numbering, given: numbering.given }
    }

    /// The next number that isn't taken. 0 is the creator's.
    pub(super) fn next(&mut self, is_taken: impl Fn(u32) -> bool) -> u32 {
        loop {
            if !mutated!(ReuseSeat) || self.given < self.numbering.given.wrapping_add(2) {
                self.given = self.given.wrapping_add(1);
            }
            let number = self.shuffled(self.counted());
            if number != 0 && (mutated!(ReuseSeat) || !is_taken(number)) {
                return number;
            }
        }
    }

    fn counted(&self) -> u32 {
        match self.numbering.server {
            _ if mutated!(ShareSeatNumbers) => self.given,
            0 => self.given,
            server => {
                let first = u32::from(server) << SERVER_SEATS_BITS;
                first | self.given & ((1 << SERVER_SEATS_BITS) - 1)
            }
        }
    }

    /// Another number for each number: a Feistel network, which can be undone, so no two numbers
    /// become the same.
    fn shuffled(&self, number: u32) -> u32 {
        let (mut left, mut right) = (number >> 16, number & 0xffff);
        for round in 0..4_u64 {
            let mixed = mixed(self.numbering.key ^ (round << 32) ^ u64::from(right));
            (left, right) = (right, left ^ (mixed & 0xffff) as u32);
        }
        (left << 16) | right
    }
}

/// Mixes all bits of a number (as `splitmix64` does at its end).
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn first(numbering: SeatNumbering, count: usize) -> BTreeSet<u32> {
        let mut numbers = SeatNumbers::new(numbering);
        (0..count).map(|_| numbers.next(|_| false)).collect()
    }

    #[test]
    fn no_number_comes_twice_and_another_key_gives_another_order() {
        let given = first(SeatNumbering::all(7), 100_000);
        assert_eq!(given.len(), 100_000);
        assert!(!given.contains(&0));
        assert_ne!(first(SeatNumbering::all(7), 1), first(SeatNumbering::all(8), 1));
    }

    #[test]
    fn servers_have_no_number_in_common_and_one_that_has_none_left_begins_again() {
        let own = 1 << SERVER_SEATS_BITS;
        let [one, other] = [1, 4_095].map(|server| first(SeatNumbering::of_server(7, server, 5), own + 9));
        assert!(one.len() >= own - 1 && other.len() >= own - 1, "{} {}", one.len(), other.len());
        assert!(one.is_disjoint(&other));
        let mut numbers = SeatNumbers::new(SeatNumbering::of_server(7, 1, 0));
        let taken = numbers.next(|_| false);
        assert!((0..own).all(|_| numbers.next(|number| number == taken) != taken));
    }
}
