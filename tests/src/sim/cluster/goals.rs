//! What many programs with several servers must reach together.

/// The goals that many runs of clusters together must reach.
pub const CLUSTER_GOALS: [&str; 20] = [
    "a change was lost to another server",
    "a claim was lost to another server",
    "a client was sent away from a server that was cut off",
    "a client waited for a room",
    "a client waited until its server had what it had",
    "a group took several entries",
    "a hole was read",
    "a lost room was made anew",
    "a post was decided again",
    "a post was kept",
    "a post was repeated at another server",
    "a proposal was kept though nobody was told",
    "a proposal was sent again",
    "a room was loaded",
    "a room was unloaded",
    "a server was killed",
    "a server was stopped",
    "an entry was taken from another server",
    "an owner vanished with its server",
    "old entries were deleted",
];
