//! The guarantees hold in random worlds. `cargo xtask sim` plays more of them, or one again.

use std::hash::{BuildHasher, RandomState};

use rtbroadcaster_tests::sim::{check_seeds, harness::program_of, run};

/// How many programs every test run plays.
const CASES: u64 = 10_000;
/// The first seeds are the same in every run: a change that breaks one breaks it for everyone.
const FIXED: u64 = 2_000;

#[test]
fn the_guarantees_hold_and_every_goal_is_reached() {
    let random = RandomState::new().hash_one(CASES);
    let first = check_seeds(0, |begun| begun < FIXED);
    let rest = check_seeds(random, |begun| begun < CASES - FIXED);
    let mut coverage = match (first, rest) {
        (Ok(first), Ok(rest)) => [first, rest],
        (Err(failure), _) | (_, Err(failure)) => panic!("{failure}"),
    };
    let [all, rest] = &mut coverage;
    all.add(rest);
    assert_eq!(all.missed(), Vec::<&str>::new(), "the programs never got there");
}

#[test]
fn a_seed_is_always_the_same_run() {
    for seed in 0..20 {
        let [once, again] =
            [(); 2].map(|()| run(&program_of(seed), true).map_err(|(violation, _)| violation));
        assert_eq!(once, again);
        assert!(once.is_ok_and(|run| !run.trace.is_empty()));
    }
}
