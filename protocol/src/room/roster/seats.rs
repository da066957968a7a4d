//! The numbers of seats. They look random, and none comes twice.

use crate::mutation::mutated;

/// Gives out the numbers from 1 to 2³² − 1, each once, in an order that its key decides.
#[derive(Debug)]
pub(super) struct SeatNumbers {
    key: u64,
    given: u32,
}

impl SeatNumbers {
    pub(super) fn new(key: u64) -> Self {
        Self { key, given: 0 }
    }

    /// The next number. 0 is the creator's.
    pub(super) fn next(&mut self) -> u32 {
        loop {
            if !mutated!(ReuseSeat) || self.given < 2 {
                self.given = self.given.wrapping_add(1);
            }
            let number = self.shuffled(self.given);
            if number != 0 {
                return number;
            }
        }
    }

    /// Another number for each number: a Feistel network, which can be undone, so no two numbers
    /// become the same.
    fn shuffled(&self, number: u32) -> u32 {
        let (mut left, mut right) = (number >> 16, number & 0xffff);
        for round in 0..4_u64 {
            let mixed = mixed(self.key ^ (round << 32) ^ u64::from(right));
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

    #[test]
    fn no_number_comes_twice_and_another_key_gives_another_order() {
        let mut numbers = SeatNumbers::new(7);
        let given: BTreeSet<u32> = (0..100_000).map(|_| numbers.next()).collect();
        assert_eq!(given.len(), 100_000);
        assert!(!given.contains(&0));
        assert_ne!(SeatNumbers::new(7).next(), SeatNumbers::new(8).next());
    }
}
