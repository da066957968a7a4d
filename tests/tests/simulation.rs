//! The guarantees hold in random worlds. `cargo xtask sim` plays more of them, or one again.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use rtbroadcaster_tests::sim::{CLUSTER_GOALS, GOALS, Setup, Step, check_seeds, harness::program_of, run};

/// How many programs with one server every test run plays.
const CASES: u64 = 10_000;
/// The first seeds are the same in every run: a change that breaks one breaks it for everyone.
const FIXED: u64 = 2_000;

#[test]
fn the_guarantees_hold_and_every_goal_is_reached() {
    let random = RandomState::new().hash_one(CASES);
    let first = check_seeds(Setup::OneServer, 0, |begun| begun < FIXED);
    let rest = check_seeds(Setup::OneServer, random, |begun| begun < CASES - FIXED);
    let mut coverage = match (first, rest) {
        (Ok(first), Ok(rest)) => [first, rest],
        (Err(failure), _) | (_, Err(failure)) => panic!("{failure}"),
    };
    let [all, rest] = &mut coverage;
    all.add(rest);
    assert_eq!(all.missed(&GOALS), Vec::<&str>::new(), "the programs never got there");
}

#[test]
fn the_guarantees_hold_on_several_servers_and_every_goal_is_reached() {
    match check_seeds(Setup::Cluster, 0, |begun| begun < FIXED) {
        Ok(coverage) => {
            assert_eq!(coverage.missed(&CLUSTER_GOALS), Vec::<&str>::new(), "the programs never got there");
        }
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn a_seed_is_always_the_same_run() {
    for setup in [Setup::OneServer, Setup::Cluster] {
        for seed in 0..20 {
            let program = program_of(setup, seed);
            let [once, again] = [(); 2].map(|()| run(&program, true).map_err(|(violation, _)| violation));
            assert_eq!(once, again);
            assert!(once.is_ok_and(|run| !run.trace.is_empty()));
        }
    }
}

/// D9: what a room tells its pages, and in which order, doesn't depend on whether it has a journal,
/// as long as nothing crashes. When it tells them how many follow may differ.
#[test]
fn d9_a_journal_changes_nothing_that_a_room_tells_its_pages() {
    for seed in 0..300 {
        let [without, with] = [false, true].map(|has_journal| {
            let mut program = program_of(Setup::OneServer, seed);
            program.settings.has_journal = has_journal;
            let is_journals = |step: &Step| matches!(step, Step::Crash | Step::Restart | Step::Disk(_));
            program.steps.retain(|step| !is_journals(step));
            run(&program, true).unwrap_or_else(|(violation, _)| panic!("{violation}")).trace
        });
        assert_eq!(told(&without), told(&with), "seed {seed}");
    }
}

/// What each page was told of its room's log and state.
fn told(trace: &[String]) -> BTreeMap<&str, Vec<&str>> {
    let mut told = BTreeMap::<&str, Vec<&str>>::new();
    for (head, text) in trace.iter().filter_map(|line| line.split_once(" hears ")) {
        let page = head.trim_start().split_once(' ').map_or(head, |(_, page)| page);
        let is_log = |line: &&str| {
            ["{\"seq\"", "{\"resync\"", "{\"synced\""].iter().any(|start| line.starts_with(start))
        };
        told.entry(page).or_default().extend(text.lines().filter(is_log));
    }
    told
}
