//! A room's followers, as numbers: how many there are and how far each has been served.

mod follower;
mod lag;

pub(super) use follower::FollowerId;
pub use lag::{Lag, LagReport};

use crate::{Audience, Rendering, Timestamp};

/// How finely time is told apart here, in milliseconds.
const INTERVAL_MS: u64 = 250;
/// Whoever has taken nothing for longer than this is not waited for.
const ACTIVE_INTERVALS: u32 = 4;
/// Whoever has kept up until so short a time ago has fallen behind because the owner is fast, not because he is slow.
const KEPT_UP_INTERVALS: u32 = 2;
/// For how long nobody waits again for whom it was in vain.
const GIVEN_UP_INTERVALS: u32 = 40;

/// The followers of a room.
#[derive(Debug, Default)]
pub(crate) struct Followers {
    /// None where nobody is.
    entries: Vec<Option<Entry>>,
    free: Vec<usize>,
    original: usize,
    /// When it was last asked whether the room lags.
    interval: u32,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Up to which seq it was served.
    served: u64,
    /// The interval in which it last took something.
    progressed_in: u32,
    /// The one in which it was last seen to be less than half a ring behind, if it ever was.
    kept_up_in: Option<u32>,
    /// Until which it isn't waited for.
    given_up_until: u32,
}

impl Entry {
    fn is_waited_for(&self, oldest: u64, interval: u32) -> bool {
        self.served >= oldest
            && interval.saturating_sub(self.progressed_in) <= ACTIVE_INTERVALS
            && interval >= self.given_up_until
    }
}

impl Followers {
    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// How many of them need the whole rendering.
    pub(crate) fn original(&self) -> usize {
        self.original
    }

    pub(crate) fn add(&mut self, rendering: Rendering, served: u64) -> FollowerId {
        if rendering == Rendering::Original {
            self.original += 1;
        }
        let interval = self.interval;
        let entry = Some(Entry { served, progressed_in: interval, kept_up_in: None, given_up_until: 0 });
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
        if rendering == Rendering::Original {
            self.original -= 1;
        }
        self.entries[follower.0] = None;
        self.free.push(follower.0);
    }

    /// Notes up to which seq a follower was served.
    pub(crate) fn note_served(&mut self, follower: FollowerId, seq: u64) {
        if let Some(entry) = &mut self.entries[follower.0]
            && entry.served != seq
        {
            entry.served = seq;
            entry.progressed_in = self.interval;
        }
    }

    /// Notes that a follower goes on from another seq. It has not kept up with the owner to be there.
    pub(crate) fn move_to(&mut self, follower: FollowerId, seq: u64) {
        if let Some(entry) = &mut self.entries[follower.0] {
            entry.served = seq;
            entry.kept_up_in = None;
        }
    }

    /// Notes that a follower has taken a part of what it was served.
    pub(crate) fn note_progress(&mut self, follower: FollowerId) {
        if let Some(entry) = &mut self.entries[follower.0] {
            entry.progressed_in = self.interval;
        }
    }

    /// Whether the room lags, if half a ring reaches back to `half`, three quarters of it to `most` and all of it to
    /// `oldest`. Who is off the ring already, takes nothing or was given up is not waited for.
    pub(crate) fn lag(&mut self, half: u64, most: u64, oldest: u64, now: Timestamp) -> Lag {
        self.interval = u32::try_from(now.0 / INTERVAL_MS).unwrap_or(u32::MAX);
        let interval = self.interval;
        let (mut counted, mut behind, mut is_worth_a_wait) = (0_usize, 0_usize, false);
        for entry in self.entries.iter_mut().flatten().filter(|entry| entry.is_waited_for(oldest, interval)) {
            counted += 1;
            if entry.served >= half {
                entry.kept_up_in = Some(interval);
            } else {
                behind += 1;
                let kept_up =
                    entry.kept_up_in.is_some_and(|then| interval.saturating_sub(then) <= KEPT_UP_INTERVALS);
                is_worth_a_wait |= entry.served < most && kept_up;
            }
        }
        match () {
            () if behind > 0 && behind * 2 >= counted => Lag::Most,
            () if is_worth_a_wait => Lag::Few,
            () => Lag::No,
        }
    }

    /// Waits no more for those that are behind `half` now, for some time.
    pub(crate) fn give_up(&mut self, half: u64) {
        for entry in self.entries.iter_mut().flatten().filter(|entry| entry.served < half) {
            entry.given_up_until = self.interval.saturating_add(GIVEN_UP_INTERVALS);
        }
    }

    /// How many there are, and how many of them were not served up to `seq`.
    pub(crate) fn audience(&self, seq: u64) -> Audience {
        let lagging = self.entries.iter().flatten().filter(|entry| entry.served < seq).count();
        Audience { connected: self.len() as u64, lagging: lagging as u64 }
    }

    /// How far they are behind this head.
    pub(crate) fn lag_report(&self, head: u64) -> LagReport {
        let behind = self.entries.iter().flatten().filter(|entry| entry.served < head);
        behind.fold(LagReport::default(), |report, entry| {
            let actions = head - entry.served;
            LagReport {
                followers: report.followers + 1,
                actions: report.actions + actions,
                greatest: report.greatest.max(actions),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a ring of 20 actions whose head is 20.
    fn lag(followers: &mut Followers, milliseconds: u64) -> Lag {
        followers.lag(10, 5, 0, Timestamp(milliseconds))
    }

    #[test]
    fn a_room_lags_when_half_of_those_do_that_can_still_catch_up() {
        let mut followers = Followers::default();
        assert_eq!(lag(&mut followers, 0), Lag::No, "nobody is there");
        let ids: Vec<_> = (0..4).map(|_| followers.add(Rendering::Compact, 20)).collect();
        assert_eq!(lag(&mut followers, 0), Lag::No);
        followers.note_served(ids[0], 6);
        assert_eq!(lag(&mut followers, 0), Lag::No, "one of four");
        followers.note_served(ids[1], 7);
        assert_eq!(lag(&mut followers, 0), Lag::Most, "two of four");
        assert_eq!(followers.lag(10, 9, 8, Timestamp(0)), Lag::No, "they have fallen off the ring");
    }

    #[test]
    fn a_room_does_not_wait_for_who_takes_nothing() {
        let mut followers = Followers::default();
        let [stalled, slow] = [0, 1].map(|_| followers.add(Rendering::Compact, 8));
        assert_eq!(lag(&mut followers, 1_000), Lag::Most, "both may have taken something a moment ago");
        followers.note_progress(slow);
        assert_eq!(lag(&mut followers, 2_000), Lag::Most, "the slow one is still worth waiting for");
        followers.note_served(slow, 10);
        assert_eq!(lag(&mut followers, 2_250), Lag::No);
        followers.note_served(stalled, 9);
        assert_eq!(lag(&mut followers, 2_250), Lag::Most, "it takes something again");
    }

    #[test]
    fn one_who_kept_up_until_a_moment_ago_is_waited_for_before_he_falls_off() {
        let mut followers = Followers::default();
        let ids: Vec<_> = (0..4).map(|_| followers.add(Rendering::Compact, 20)).collect();
        assert_eq!(lag(&mut followers, 0), Lag::No);
        followers.note_served(ids[0], 4);
        assert_eq!(lag(&mut followers, 500), Lag::Few);
        assert_eq!(lag(&mut followers, 750), Lag::No, "he is slow");
        followers.note_served(ids[0], 20);
        assert_eq!(lag(&mut followers, 800), Lag::No);
        followers.note_served(ids[0], 4);
        assert_eq!(lag(&mut followers, 800), Lag::Few);
    }

    #[test]
    fn who_comes_back_from_far_behind_has_not_kept_up() {
        let mut followers = Followers::default();
        let ids: Vec<_> = (0..5).map(|_| followers.add(Rendering::Compact, 20)).collect();
        assert_eq!(lag(&mut followers, 0), Lag::No);
        let resuming = followers.add(Rendering::Compact, 3);
        assert_eq!(lag(&mut followers, 0), Lag::No);
        followers.note_served(resuming, 4);
        assert_eq!(lag(&mut followers, 0), Lag::No);
        followers.move_to(ids[0], 3);
        assert_eq!(lag(&mut followers, 0), Lag::No);
    }

    #[test]
    fn whom_it_was_in_vain_to_wait_for_is_not_waited_for_again_so_soon() {
        let mut followers = Followers::default();
        let follower = followers.add(Rendering::Compact, 4);
        assert_eq!(lag(&mut followers, 0), Lag::Most);
        followers.give_up(10);
        assert_eq!(lag(&mut followers, 0), Lag::No);
        followers.note_served(follower, 3);
        assert_eq!(lag(&mut followers, 9_000), Lag::No);
        followers.note_served(follower, 2);
        assert_eq!(lag(&mut followers, 10_000), Lag::Most);
    }

    #[test]
    fn counts_who_is_there_and_who_is_behind() {
        let mut followers = Followers::default();
        let first = followers.add(Rendering::Compact, 0);
        let second = followers.add(Rendering::Original, 5);
        assert_eq!(followers.audience(5), Audience { connected: 2, lagging: 1 });
        assert_eq!(followers.lag_report(7), LagReport { followers: 2, actions: 9, greatest: 7 });
        followers.note_served(first, 5);
        assert_eq!(followers.audience(5), Audience { connected: 2, lagging: 0 });
        assert_eq!(followers.lag_report(5), LagReport::default());
        followers.remove(second, Rendering::Original);
        assert_eq!((followers.len(), followers.original()), (1, 0));
        let third = followers.add(Rendering::Compact, 5);
        assert_eq!(third, second, "the place is used again");
        assert_eq!(followers.len(), 2);
    }
}
