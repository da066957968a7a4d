//! How far followers are behind: what the owner's connection is slowed down for, and what the
//! server reports.

/// Whether a room's owner should wait for its followers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lag {
    /// No: none lags that is worth waiting for.
    No,
    /// At least one follower that kept up until a moment ago is about to fall off the ring. A short
    /// wait is all that it needs.
    Few,
    /// At least half of the followers that take anything are more than half a ring behind.
    Most,
}

/// How far followers are behind the newest action of their room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LagReport {
    /// How many followers have not been served everything.
    pub followers: u64,
    /// Actions that they have not been served yet, added up over all of them.
    pub actions: u64,
    /// Actions that the follower furthest behind has not been served yet.
    pub greatest: u64,
}

/// Three marks in a ring, as seqs. [`Followers::lag`](super::Followers::lag) compares followers
/// with them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RingMarks {
    /// Half a ring behind the head.
    pub(crate) half: u64,
    /// Three quarters of a ring behind the head.
    pub(crate) three_quarters: u64,
    /// A whole ring behind the head: the oldest cursor that the ring still serves.
    pub(crate) full: u64,
}
