//! A room's followers, as numbers: how many there are and how far each has been served.

use crate::{Audience, Rendering, Timestamp};

/// Whoever has taken nothing for longer than this, in milliseconds, is not waited for. Counted in whole intervals, so
/// that it may be up to twice as long.
const ACTIVE_INTERVAL_MS: u64 = 1_000;

/// Names a follower within its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FollowerId(usize);

/// The followers of a room.
#[derive(Debug, Default)]
pub(crate) struct Followers {
    /// None where nobody is.
    entries: Vec<Option<Entry>>,
    free: Vec<usize>,
    whole: usize,
    /// Counts intervals while it is asked whether the room lags.
    interval: u32,
    interval_began: Timestamp,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Up to which seq it was served.
    served: u64,
    /// The interval in which it last took something.
    took_in: u32,
}

impl Followers {
    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// How many of them need the whole rendering.
    pub(crate) fn whole(&self) -> usize {
        self.whole
    }

    pub(crate) fn add(&mut self, rendering: Rendering, served: u64) -> FollowerId {
        if rendering == Rendering::Whole {
            self.whole += 1;
        }
        let entry = Some(Entry { served, took_in: self.interval });
        match self.free.pop() {
            Some(index) => {
                self.entries[index] = entry;
                FollowerId(index)
            }
            None => {
                self.entries.push(entry);
                FollowerId(self.entries.len() - 1)
            }
        }
    }

    pub(crate) fn remove(&mut self, follower: FollowerId, rendering: Rendering) {
        if rendering == Rendering::Whole {
            self.whole -= 1;
        }
        self.entries[follower.0] = None;
        self.free.push(follower.0);
    }

    /// Notes up to which seq a follower was served.
    pub(crate) fn serve(&mut self, follower: FollowerId, seq: u64) {
        if let Some(entry) = &mut self.entries[follower.0]
            && entry.served != seq
        {
            *entry = Entry { served: seq, took_in: self.interval };
        }
    }

    /// Notes that a follower has taken a part of what it was served.
    pub(crate) fn took(&mut self, follower: FollowerId) {
        if let Some(entry) = &mut self.entries[follower.0] {
            entry.took_in = self.interval;
        }
    }

    /// Whether at least half of those that can still catch up are behind `seq`. Who is behind `oldest` already, off the
    /// ring, or takes nothing is not waited for.
    pub(crate) fn are_mostly_behind(&mut self, seq: u64, oldest: u64, now: Timestamp) -> bool {
        if now.since(self.interval_began) >= ACTIVE_INTERVAL_MS {
            self.interval = self.interval.wrapping_add(1);
            self.interval_began = now;
        }
        let is_active = |entry: &&Entry| self.interval.wrapping_sub(entry.took_in) <= 1;
        let counted =
            || self.entries.iter().flatten().filter(|entry| entry.served >= oldest).filter(is_active);
        let behind = counted().filter(|entry| entry.served < seq).count();
        behind > 0 && behind * 2 >= counted().count()
    }

    /// How many there are, and how many of them were not served up to `seq`.
    pub(crate) fn audience(&self, seq: u64) -> Audience {
        let lagging = self.entries.iter().flatten().filter(|entry| entry.served < seq).count();
        Audience { connected: self.len() as u64, lagging: lagging as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_lags_when_half_of_those_do_that_can_still_catch_up() {
        let mut followers = Followers::default();
        let now = Timestamp::default();
        assert!(!followers.are_mostly_behind(10, 0, now), "nobody is there");
        let ids: Vec<_> = (0..4).map(|_| followers.add(Rendering::Lean, 20)).collect();
        assert!(!followers.are_mostly_behind(10, 5, now));
        followers.serve(ids[0], 6);
        assert!(!followers.are_mostly_behind(10, 5, now), "one of four");
        followers.serve(ids[1], 7);
        assert!(followers.are_mostly_behind(10, 5, now), "two of four");
        followers.serve(ids[1], 4);
        followers.serve(ids[0], 4);
        assert!(!followers.are_mostly_behind(10, 5, now), "they have fallen off the ring");
    }

    #[test]
    fn a_room_does_not_wait_for_who_takes_nothing() {
        let mut followers = Followers::default();
        let [stalled, slow] = [0, 1].map(|_| followers.add(Rendering::Lean, 5));
        let lags_at = |milliseconds, followers: &mut Followers| {
            followers.are_mostly_behind(10, 0, Timestamp(milliseconds))
        };
        assert!(lags_at(100, &mut followers));
        assert!(lags_at(1_100, &mut followers), "both may have taken something a moment ago");
        followers.took(slow);
        assert!(lags_at(2_200, &mut followers), "the slow one is still worth waiting for");
        followers.serve(slow, 10);
        assert!(!lags_at(2_300, &mut followers));
        followers.serve(stalled, 6);
        assert!(lags_at(2_400, &mut followers), "it takes something again");
    }

    #[test]
    fn counts_who_is_there_and_who_is_behind() {
        let mut followers = Followers::default();
        let first = followers.add(Rendering::Lean, 0);
        let second = followers.add(Rendering::Whole, 5);
        assert_eq!(followers.audience(5), Audience { connected: 2, lagging: 1 });
        followers.serve(first, 5);
        assert_eq!(followers.audience(5), Audience { connected: 2, lagging: 0 });
        followers.remove(second, Rendering::Whole);
        assert_eq!((followers.len(), followers.whole()), (1, 0));
        let third = followers.add(Rendering::Lean, 5);
        assert_eq!(third, second, "the place is used again");
        assert_eq!(followers.len(), 2);
    }
}
