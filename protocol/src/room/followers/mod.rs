//! A room's followers: how many there are, how far each has been served, and whether the owner
//! should wait for them. The followers' connections are the server's matter.

mod follower;
mod lag;
mod standing;

pub(super) use follower::FollowerId;
pub(super) use lag::RingMarks;
pub use lag::{Lag, LagReport};
pub use standing::Standing;
pub(crate) use standing::{News, NewsNumber};

use follower::{Follower, Interval};

use crate::{Audience, Rendering, Timestamp};

/// The followers of a room, by [`FollowerId`].
#[derive(Debug, Default)]
pub(crate) struct Followers {
    entries: Vec<Entry>,
    /// Indexes to use again.
    free: Vec<usize>,
    /// How many are in step.
    in_step: usize,
    /// How far those in step are at least.
    step: Follower,
    /// How many of them need the original rendering.
    original: usize,
    /// When [`Followers::lag`] was last called. It is the only one that is told the time.
    now: Interval,
}

/// What is known of one follower.
#[derive(Debug, Clone, Copy)]
enum Entry {
    /// The index is free.
    Free,
    /// It is served on its own.
    Alone(Follower),
    /// It is in step with others.
    InStep {
        /// It isn't waited for before this interval.
        ignored_until: Interval,
    },
}

impl Followers {
    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// How many of them need the original rendering.
    pub(crate) fn original(&self) -> usize {
        self.original
    }

    pub(crate) fn add(&mut self, rendering: Rendering, served: u64) -> FollowerId {
        if rendering == Rendering::Original {
            self.original += 1;
        }
        let entry = Entry::Alone(Follower::new(served, self.now));
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

    pub(crate) fn remove(&mut self, id: FollowerId, rendering: Rendering) {
        if rendering == Rendering::Original {
            self.original -= 1;
        }
        self.replace(id, Entry::Free);
        self.free.push(id.0);
    }

    /// Notes the seq up to which a follower was served.
    pub(crate) fn note_served(&mut self, id: FollowerId, seq: u64) {
        let now = self.now;
        if let Some(follower) = self.alone_mut(id) {
            follower.note_served(seq, now);
        }
    }

    /// Notes that a follower goes on from another seq.
    pub(crate) fn reposition(&mut self, id: FollowerId, seq: u64) {
        self.leave_step(id, seq);
        if let Some(follower) = self.alone_mut(id) {
            follower.reposition(seq);
        }
    }

    /// Notes that a follower has taken a part of what it was served.
    pub(crate) fn note_progress(&mut self, id: FollowerId) {
        let now = self.now;
        if let Some(follower) = self.alone_mut(id) {
            follower.note_progress(now);
        }
    }

    /// Puts a follower in step with others. It has everything, so it counts as far as they are.
    pub(crate) fn get_in_step(&mut self, id: FollowerId) {
        let Entry::Alone(follower) = self.entries[id.0] else { return };
        if self.in_step == 0 {
            self.step = follower.without_ignoring();
        }
        self.replace(id, Entry::InStep { ignored_until: follower.ignored_until() });
    }

    /// Takes a follower that was served up to `seq` out of step. One that isn't in step stays what
    /// it is.
    pub(crate) fn leave_step(&mut self, id: FollowerId, seq: u64) {
        if let Entry::InStep { ignored_until } = self.entries[id.0] {
            let mut follower = self.step;
            follower.ignore_until(ignored_until);
            follower.note_served(seq, self.now);
            self.replace(id, Entry::Alone(follower));
        }
    }

    /// Notes the seq up to which all that are in step were served at least.
    pub(crate) fn note_step(&mut self, seq: u64) {
        self.step.note_served(seq.max(self.step.served), self.now);
    }

    fn replace(&mut self, id: FollowerId, entry: Entry) -> Entry {
        let former = std::mem::replace(&mut self.entries[id.0], entry);
        self.in_step -= usize::from(matches!(former, Entry::InStep { .. }));
        self.in_step += usize::from(matches!(entry, Entry::InStep { .. }));
        former
    }

    fn alone_mut(&mut self, id: FollowerId) -> Option<&mut Follower> {
        match &mut self.entries[id.0] {
            Entry::Alone(follower) => Some(follower),
            Entry::Free | Entry::InStep { .. } => None,
        }
    }

    /// Everybody with the number of followers for which that stands: those that are alone, and
    /// those in step as one.
    fn each(&self) -> impl Iterator<Item = (&Follower, usize)> {
        let alone = self.entries.iter().filter_map(|entry| match entry {
            Entry::Alone(follower) => Some((follower, 1)),
            Entry::Free | Entry::InStep { .. } => None,
        });
        alone.chain((self.in_step > 0).then_some((&self.step, self.in_step)))
    }

    fn each_mut(&mut self) -> impl Iterator<Item = (&mut Follower, usize)> {
        let alone = self.entries.iter_mut().filter_map(|entry| match entry {
            Entry::Alone(follower) => Some((follower, 1)),
            Entry::Free | Entry::InStep { .. } => None,
        });
        alone.chain((self.in_step > 0).then_some((&mut self.step, self.in_step)))
    }

    /// Whether the owner should wait. A follower that has fallen off the ring, takes nothing or is
    /// ignored doesn't count.
    pub(crate) fn lag(&mut self, marks: RingMarks, now: Timestamp) -> Lag {
        self.now = Interval::at(now);
        let now = self.now;
        let (mut counted, mut behind, mut is_worth_a_wait) = (0_usize, 0_usize, false);
        for (follower, count) in self.each_mut() {
            if !follower.is_waited_for(marks, now) {
                continue;
            }
            counted += count;
            if follower.served >= marks.half {
                follower.note_keeping_up(now);
            } else {
                behind += count;
                is_worth_a_wait |= follower.served < marks.three_quarters && follower.kept_up_recently(now);
            }
        }
        match () {
            () if behind > 0 && behind * 2 >= counted => Lag::Most,
            () if is_worth_a_wait => Lag::Few,
            () => Lag::No,
        }
    }

    /// Stops waiting, for ten seconds, for the followers that are more than half a ring behind now.
    pub(crate) fn give_up_on_laggards(&mut self, marks: RingMarks) {
        let now = self.now;
        for (follower, _) in self.each_mut().filter(|(follower, _)| follower.served < marks.half) {
            follower.ignore_for_a_while(now);
        }
    }

    /// How many followers there are, and how many of them have not been served up to `seq`.
    pub(crate) fn audience(&self, seq: u64) -> Audience {
        let lagging = self.each().filter(|(follower, _)| follower.served < seq).map(|(_, count)| count);
        Audience { connected: self.len() as u64, lagging: lagging.sum::<usize>() as u64 }
    }

    /// How far the followers are behind `head`.
    pub(crate) fn lag_report(&self, head: u64) -> LagReport {
        let behind = self.each().filter(|(follower, _)| follower.served < head);
        behind.fold(LagReport::default(), |report, (follower, count)| {
            let (actions, count) = (head - follower.served, count as u64);
            LagReport {
                followers: report.followers + count,
                actions: report.actions + actions * count,
                greatest: report.greatest.max(actions),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of a ring of 20 actions whose head is 20.
    const MARKS: RingMarks = RingMarks { half: 10, three_quarters: 5, full: 0 };

    fn lag(followers: &mut Followers, milliseconds: u64) -> Lag {
        followers.lag(MARKS, Timestamp(milliseconds))
    }

    #[test]
    fn a_room_lags_when_half_of_the_followers_that_can_still_catch_up_lag() {
        let mut followers = Followers::default();
        assert_eq!(lag(&mut followers, 0), Lag::No, "nobody is there");
        let ids: Vec<_> = (0..4).map(|_| followers.add(Rendering::Compact, 20)).collect();
        assert_eq!(lag(&mut followers, 0), Lag::No);
        followers.note_served(ids[0], 6);
        assert_eq!(lag(&mut followers, 0), Lag::No, "one of four");
        followers.note_served(ids[1], 7);
        assert_eq!(lag(&mut followers, 0), Lag::Most, "two of four");
        assert_eq!(
            followers.lag(RingMarks { three_quarters: 9, full: 8, ..MARKS }, Timestamp(0)),
            Lag::No,
            "they have fallen off the ring"
        );
    }

    #[test]
    fn a_follower_that_takes_nothing_is_not_waited_for() {
        let mut followers = Followers::default();
        let [stalled, slow] = [0, 1].map(|_| followers.add(Rendering::Compact, 8));
        assert_eq!(lag(&mut followers, 1_000), Lag::Most, "both have just been added");
        followers.note_progress(slow);
        assert_eq!(lag(&mut followers, 2_000), Lag::Most, "the slow one is still worth waiting for");
        followers.note_served(slow, 10);
        assert_eq!(lag(&mut followers, 2_250), Lag::No);
        followers.note_served(stalled, 9);
        assert_eq!(lag(&mut followers, 2_250), Lag::Most, "it takes something again");
    }

    #[test]
    fn a_follower_that_kept_up_until_a_moment_ago_is_waited_for_before_it_falls_off_the_ring() {
        let mut followers = Followers::default();
        let ids: Vec<_> = (0..4).map(|_| followers.add(Rendering::Compact, 20)).collect();
        assert_eq!(lag(&mut followers, 0), Lag::No);
        followers.note_served(ids[0], 4);
        assert_eq!(lag(&mut followers, 500), Lag::Few);
        assert_eq!(lag(&mut followers, 750), Lag::No, "it is slow");
        followers.note_served(ids[0], 20);
        assert_eq!(lag(&mut followers, 800), Lag::No);
        followers.note_served(ids[0], 4);
        assert_eq!(lag(&mut followers, 800), Lag::Few);
    }

    #[test]
    fn a_follower_that_comes_back_from_far_behind_has_not_kept_up() {
        let mut followers = Followers::default();
        let ids: Vec<_> = (0..5).map(|_| followers.add(Rendering::Compact, 20)).collect();
        assert_eq!(lag(&mut followers, 0), Lag::No);
        let resuming = followers.add(Rendering::Compact, 3);
        assert_eq!(lag(&mut followers, 0), Lag::No);
        followers.note_served(resuming, 4);
        assert_eq!(lag(&mut followers, 0), Lag::No);
        followers.reposition(ids[0], 3);
        assert_eq!(lag(&mut followers, 0), Lag::No);
    }

    #[test]
    fn a_follower_that_did_not_catch_up_while_waited_for_is_ignored_for_ten_seconds() {
        let mut followers = Followers::default();
        let follower = followers.add(Rendering::Compact, 4);
        assert_eq!(lag(&mut followers, 0), Lag::Most);
        followers.give_up_on_laggards(MARKS);
        assert_eq!(lag(&mut followers, 0), Lag::No);
        followers.note_served(follower, 3);
        assert_eq!(lag(&mut followers, 9_000), Lag::No);
        followers.note_served(follower, 2);
        assert_eq!(lag(&mut followers, 10_000), Lag::Most);
    }

    #[test]
    fn counts_the_followers_and_those_behind() {
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
        assert_eq!(third, second, "the index is used again");
        assert_eq!(followers.len(), 2);
    }

    #[test]
    fn followers_in_step_are_as_far_as_each_other_and_count_one_by_one() {
        let mut followers = Followers::default();
        let ids = [(); 4].map(|()| followers.add(Rendering::Compact, 20));
        ids[..3].iter().for_each(|id| followers.get_in_step(*id));
        assert_eq!(followers.audience(21), Audience { connected: 4, lagging: 4 });
        followers.note_step(22);
        assert_eq!(followers.audience(21), Audience { connected: 4, lagging: 1 });
        assert_eq!(followers.lag_report(24), LagReport { followers: 4, actions: 10, greatest: 4 });
        followers.leave_step(ids[0], 24);
        followers.leave_step(ids[3], 24);
        assert_eq!(followers.lag_report(24), LagReport { followers: 3, actions: 8, greatest: 4 });
        followers.remove(ids[1], Rendering::Compact);
        assert_eq!(followers.lag_report(24), LagReport { followers: 2, actions: 6, greatest: 4 });
        followers.reposition(ids[2], 3);
        assert_eq!(followers.lag_report(24), LagReport { followers: 2, actions: 25, greatest: 21 });
    }

    #[test]
    fn a_follower_that_is_not_waited_for_is_not_so_because_it_was_in_step() {
        let mut followers = Followers::default();
        let [slow, other] = [0, 1].map(|_| followers.add(Rendering::Compact, 4));
        assert_eq!(lag(&mut followers, 0), Lag::Most);
        followers.note_served(other, 20);
        followers.give_up_on_laggards(MARKS);
        followers.note_served(slow, 20);
        [slow, other].iter().for_each(|id| followers.get_in_step(*id));
        followers.leave_step(other, 4);
        assert_eq!(lag(&mut followers, 250), Lag::Most, "the other one is waited for");
        followers.note_served(other, 20);
        followers.leave_step(slow, 4);
        assert_eq!(lag(&mut followers, 500), Lag::No, "the slow one is still ignored");
    }

    #[test]
    fn a_room_lags_by_all_that_are_in_step() {
        let mut followers = Followers::default();
        let ids = [(); 3].map(|()| followers.add(Rendering::Compact, 6));
        followers.note_served(ids[0], 12);
        assert_eq!(lag(&mut followers, 0), Lag::Most, "two of three");
        ids[1..].iter().for_each(|id| followers.get_in_step(*id));
        assert_eq!(lag(&mut followers, 0), Lag::Most, "the same, in step");
        followers.give_up_on_laggards(MARKS);
        assert_eq!(lag(&mut followers, 0), Lag::No);
        followers.leave_step(ids[1], 5);
        assert_eq!(lag(&mut followers, 250), Lag::No, "it is ignored as it was in step");
        followers.note_step(10);
        followers.note_served(ids[1], 10);
        assert_eq!(lag(&mut followers, 10_000), Lag::No);
    }
}
