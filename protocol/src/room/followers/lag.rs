//! How far followers are behind.

/// Whether a room lags behind its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lag {
    /// It doesn't, or nobody is worth waiting for.
    No,
    /// Somebody who kept up until a moment ago is about to fall off the ring: a short wait is all he needs.
    Few,
    /// At least half of those that take anything are more than half a ring behind.
    Most,
}

/// How far followers are behind the newest action of their room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LagReport {
    /// How many have not been served all of it.
    pub followers: u64,
    /// Actions that they have not been served yet, added up.
    pub actions: u64,
    /// Those of the one that is the furthest behind.
    pub greatest: u64,
}

/// How far behind the head of its ring a follower may be, as seqs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RingMarks {
    /// Half a ring behind it.
    pub(crate) half: u64,
    /// Three quarters of a ring behind it.
    pub(crate) three_quarters: u64,
    /// A whole ring behind it: the oldest cursor that the ring still serves.
    pub(crate) full: u64,
}
