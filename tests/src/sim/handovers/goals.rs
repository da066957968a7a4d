//! What programs reach: proof that the worlds of hand-overs are not empty.

use std::collections::BTreeMap;

/// What many programs together must reach.
pub const HAND_OVER_GOALS: [&str; 22] = [
    "a claim without seats took the pen",
    "a connection was heard after its page had another",
    "a driver was revoked",
    "a follower was refused what only the creator may",
    "a guest that drives left the room",
    "a hand-over was refused",
    "a key expired",
    "a key was revoked",
    "a page drove after a reload",
    "a page followed before it could begin",
    "a page went on behind its own turn",
    "a request expired",
    "a request was accepted",
    "a request was refused",
    "a second page took over the key",
    "a session drove twice",
    "a snapshot named the driver",
    "an action was never taken",
    "nobody came for the pen",
    "the creator took the pen back",
    "the pen was passed",
    "the server restarted",
];

/// How often each goal was reached.
#[derive(Debug, Clone, Default)]
pub struct HandOverGoals(BTreeMap<&'static str, u64>);

impl HandOverGoals {
    pub(super) fn hit(&mut self, goal: &'static str) {
        debug_assert!(HAND_OVER_GOALS.contains(&goal), "{goal} is no goal");
        *self.0.entry(goal).or_default() += 1;
    }

    /// Adds what another program has reached.
    pub fn add(&mut self, other: &Self) {
        for (goal, hits) in &other.0 {
            *self.0.entry(goal).or_default() += hits;
        }
    }

    /// The goals that were never reached.
    #[must_use]
    pub fn missed(&self) -> Vec<&'static str> {
        HAND_OVER_GOALS.into_iter().filter(|goal| !self.0.contains_key(goal)).collect()
    }
}
