//! Hand-overs in random worlds. `cargo xtask sim --hand-overs` plays more of the worlds, or one
//! again.

use rtbroadcaster_tests::sim::handovers::{HandOverGoals, HandOvers};
use rtbroadcaster_tests::sim::small::{check, seeds_are_always_the_same_run};

/// How many programs every test run plays.
const CASES: u64 = 1_000;
/// How many of them must reach all goals together.
const GOAL_CASES: u64 = 500;

#[test]
fn h1_to_h7_hold() {
    check::<HandOvers>(0..CASES).unwrap();
}

#[test]
fn a_seed_is_always_the_same_run() {
    seeds_are_always_the_same_run::<HandOvers>();
}

#[test]
fn the_worlds_reach_all_that_they_are_meant_to_reach() {
    let mut goals = HandOverGoals::default();
    (0..GOAL_CASES).for_each(|seed| goals.add(&HandOvers::goals_of(seed)));
    assert_eq!(goals.missed(), Vec::<&str>::new(), "{goals:?}");
}
