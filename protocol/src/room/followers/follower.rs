//! One follower, as its room sees it: how far it has been served, and whether it is worth waiting
//! for.

use super::lag::RingMarks;
use crate::Timestamp;

/// Length of an [`Interval`], in milliseconds.
const INTERVAL_MS: u64 = 250;
/// A follower that has taken nothing for longer than this is not waited for.
const ACTIVE_INTERVALS: u32 = 4;
/// A follower that kept up until this short a time ago is behind because the owner is fast, not
/// because the follower is slow.
const KEPT_UP_INTERVALS: u32 = 2;
/// A follower that didn't catch up while it was waited for is not waited for again for this long.
const IGNORED_INTERVALS: u32 = 40;

/// Names a follower within its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FollowerId(pub(super) usize);

/// A quarter of a second, counted from the start of the caller's clock. It has four bytes, because
/// there are many followers.
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

/// How far a follower has been served, and how it got there.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Follower {
    /// The seq up to which it was served.
    pub(super) served: u64,
    /// The interval in which it last took something.
    progressed_in: Interval,
    /// The interval in which it was last less than half a ring behind. None if it never was since
    /// it got its position.
    kept_up_in: Option<Interval>,
    /// It isn't waited for before this interval.
    ignored_until: Interval,
}

impl Follower {
    pub(super) fn new(served: u64, now: Interval) -> Self {
        Self { served, progressed_in: now, kept_up_in: None, ignored_until: Interval::default() }
    }

    /// Notes the seq up to which it was served.
    pub(super) fn note_served(&mut self, seq: u64, now: Interval) {
        if self.served != seq {
            self.served = seq;
            self.progressed_in = now;
        }
    }

    /// Notes that it goes on from another seq. It did not get there by keeping up with the owner.
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

    /// Stops waiting for it for ten seconds.
    pub(super) fn ignore_for_a_while(&mut self, now: Interval) {
        self.ignored_until = Interval(now.0.saturating_add(IGNORED_INTERVALS));
    }

    /// The interval before which it isn't waited for.
    pub(super) fn ignored_until(&self) -> Interval {
        self.ignored_until
    }

    /// Doesn't wait for it before this interval, or a later one.
    pub(super) fn ignore_until(&mut self, interval: Interval) {
        self.ignored_until = self.ignored_until.max(interval);
    }

    /// The same follower, if it is waited for.
    pub(super) fn without_ignoring(self) -> Self {
        Self { ignored_until: Interval::default(), ..self }
    }

    /// Whether it is on the ring, takes something and isn't ignored.
    pub(super) fn is_waited_for(&self, marks: RingMarks, now: Interval) -> bool {
        self.served >= marks.full
            && now.since(self.progressed_in) <= ACTIVE_INTERVALS
            && now >= self.ignored_until
    }

    /// Whether it was less than half a ring behind a moment ago.
    pub(super) fn kept_up_recently(&self, now: Interval) -> bool {
        self.kept_up_in.is_some_and(|then| now.since(then) <= KEPT_UP_INTERVALS)
    }
}
