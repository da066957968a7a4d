//! Actions that run at a moment of the server's clock, in random worlds. `cargo xtask sim --moments`
//! plays more of them, or one again.

use rtbroadcaster_tests::sim::one_moment::{find_violation, play, shortened, steps_of};

/// How many programs every test run plays.
const CASES: u64 = 1_500;

#[test]
fn t1_to_t5_hold() {
    if let Some((seed, violation)) = find_violation(0..CASES) {
        let steps = shortened(seed, &violation);
        let trace = play(seed, &steps, true).err().map(|(_, trace)| trace).unwrap_or_default();
        panic!("{}\nseed {seed} violates {violation}\n{steps:#?}", trace.join("\n"));
    }
}

#[test]
fn a_seed_is_always_the_same_run() {
    for seed in 0..20 {
        let [once, again] = [(); 2].map(|()| play(seed, &steps_of(seed), true));
        assert_eq!(once, again);
        assert!(once.is_ok_and(|trace| !trace.is_empty()));
    }
}
