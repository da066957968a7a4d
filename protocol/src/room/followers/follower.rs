//! One follower, as its room counts it.

use super::lag::RingMarks;
use crate::Timestamp;

/// How finely time is told apart here, in milliseconds.
const INTERVAL_MS: u64 = 250;
/// Whoever has taken nothing for longer than this is not waited for.
const ACTIVE_INTERVALS: u32 = 4;
/// Whoever has kept up until so short a time ago has fallen behind because the owner is fast, not because he is slow.
const KEPT_UP_INTERVALS: u32 = 2;
/// For how long nobody waits again for whom it was in vain.
const IGNORED_INTERVALS: u32 = 40;

/// Names a follower within its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FollowerId(pub(super) usize);

/// A quarter of a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Interval(u32);

impl Interval {
    pub(super) fn at(now: Timestamp) -> Self {
        Self(u32::try_from(now.0 / INTERVAL_MS).unwrap_or(u32::MAX))
    }

    fn since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Follower {
    /// Up to which seq it was served.
    pub(super) served: u64,
    /// The interval in which it last took something.
    progressed_in: Interval,
    /// The one in which it was last seen to be less than half a ring behind, if it ever was.
    kept_up_in: Option<Interval>,
    /// Until which it isn't waited for.
    ignored_until: Interval,
}

impl Follower {
    pub(super) fn new(served: u64, now: Interval) -> Self {
        Self { served, progressed_in: now, kept_up_in: None, ignored_until: Interval::default() }
    }

    /// Notes up to which seq it was served.
    pub(super) fn note_served(&mut self, seq: u64, now: Interval) {
        if self.served != seq {
            self.served = seq;
            self.progressed_in = now;
        }
    }

    /// Notes that it goes on from another seq. It has not kept up with the owner to be there.
    pub(super) fn reposition(&mut self, seq: u64) {
        self.served = seq;
        self.kept_up_in = None;
    }

    /// Notes that it has taken a part of what it was served.
    pub(super) fn note_progress(&mut self, now: Interval) {
        self.progressed_in = now;
    }

    /// Notes that it is less than half a ring behind.
    pub(super) fn note_keeping_up(&mut self, now: Interval) {
        self.kept_up_in = Some(now);
    }

    /// Waits no more for it, for some time.
    pub(super) fn ignore_for_a_while(&mut self, now: Interval) {
        self.ignored_until = Interval(now.0.saturating_add(IGNORED_INTERVALS));
    }

    pub(super) fn is_waited_for(&self, marks: RingMarks, now: Interval) -> bool {
        self.served >= marks.full
            && now.since(self.progressed_in) <= ACTIVE_INTERVALS
            && now >= self.ignored_until
    }

    pub(super) fn kept_up_recently(&self, now: Interval) -> bool {
        self.kept_up_in.is_some_and(|then| now.since(then) <= KEPT_UP_INTERVALS)
    }
}
