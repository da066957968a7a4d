//! One follower, as its room counts it.

/// Names a follower within its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FollowerId(pub(super) usize);
