//! What a run has reached: proof that the generator still reaches what it is meant to reach.

use std::collections::BTreeMap;

use super::cluster::CLUSTER_GOALS;

/// The goals that many runs together must reach.
pub const GOALS: [&str; 31] = [
    "a claim by a reloaded page",
    "a claim by the same session",
    "a duplicate action was dropped",
    "a crash lost what was not kept",
    "a follower left its step",
    "a follower was served in step",
    "a follower's action was refused",
    "a follower ended with the close",
    "a legacy follower was served",
    "a legacy owner's action was appended",
    "a resume from the ring",
    "a resync on rejoin",
    "a resync while live",
    "a room was restored",
    "a slow reader was closed",
    "a snapshot was cut off",
    "a wrong key was refused",
    "an action was refused",
    "an action was replaced before it was written",
    "an action was too large",
    "an idle connection was closed",
    "an owner was fenced off",
    "an owner was too fast",
    "an unknown room was refused",
    "cleared by a resync",
    "the grace ran out",
    "the queue was full",
    "the room was full",
    "the rooms were too many",
    "the server restarted",
    "the server shut down",
];

/// How often each goal was reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    hits: BTreeMap<&'static str, u64>,
}

impl Coverage {
    pub(super) fn hit(&mut self, goal: &'static str) {
        debug_assert!(GOALS.contains(&goal) || CLUSTER_GOALS.contains(&goal), "{goal} is no goal");
        *self.hits.entry(goal).or_default() += 1;
    }

    /// Adds another run's hits.
    pub fn add(&mut self, other: &Self) {
        for (goal, hits) in &other.hits {
            *self.hits.entry(goal).or_default() += hits;
        }
    }

    /// How often a goal was reached.
    #[must_use]
    pub fn hits(&self, goal: &str) -> u64 {
        self.hits.get(goal).copied().unwrap_or(0)
    }

    /// Those of these goals that were never reached.
    #[must_use]
    pub fn missed(&self, goals: &[&'static str]) -> Vec<&'static str> {
        goals.iter().copied().filter(|goal| self.hits(goal) == 0).collect()
    }
}
