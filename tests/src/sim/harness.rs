//! Many runs: draws programs from seeds, and finds the shortest one that still fails.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::coverage::Coverage;
use super::invariant::Violation;
use super::program::{Program, cluster_programs, programs};
use super::world::run;

/// How many attempts there are to shorten a failing program.
const SHRINKS: u32 = 3_000;

/// What programs are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// One server.
    OneServer,
    /// Several servers that keep their rooms together.
    Cluster,
}

/// A seed whose program violates an invariant.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What the seed stands for.
    pub setup: Setup,
    /// The seed.
    pub seed: u64,
    /// The shortest program found that violates the same invariant.
    pub program: Program,
    /// What the shortest program violates.
    pub violation: Violation,
    /// All that happens in the shortest program.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "seed {} violates {}", self.seed, self.violation)?;
        writeln!(formatter, "{} servers, {:?}", self.program.servers, self.program.settings)?;
        for step in &self.program.steps {
            writeln!(formatter, "    {step:?},")?;
        }
        writeln!(formatter, "once it is mended, keep the program in tests/tests/regressions.rs")?;
        let cluster = if self.setup == Setup::Cluster { " --cluster" } else { "" };
        write!(formatter, "replay it with: cargo xtask sim{cluster} --seed {} --trace", self.seed)
    }
}

/// The program of a seed, always the same.
#[must_use]
pub fn program_of(setup: Setup, seed: u64) -> Program {
    tree_of(setup, seed).current()
}

fn tree_of(setup: Setup, seed: u64) -> impl ValueTree<Value = Program> {
    let programs = match setup {
        Setup::OneServer => programs().boxed(),
        Setup::Cluster => cluster_programs().boxed(),
    };
    tree(seed, &programs)
}

/// What a seed makes of a strategy, always the same.
pub(super) fn tree<S: Strategy>(seed: u64, strategy: &S) -> S::Tree {
    // In an unoptimised build this is much cheaper than proptest's default. It is good enough once
    // its seed is well mixed.
    let halves = [mixed(seed), mixed(seed ^ u64::MAX)].map(u64::to_le_bytes);
    let random = TestRng::from_seed(RngAlgorithm::XorShift, &halves.concat());
    let config = Config { failure_persistence: None, ..Config::default() };
    strategy.new_tree(&mut TestRunner::new_with_rng(config, random)).expect("no program is rejected")
}

/// As few of these steps as still fail.
pub(super) fn fewest<T: Clone>(mut steps: Vec<T>, fails: impl Fn(&[T]) -> bool) -> Vec<T> {
    for at in (0..steps.len()).rev() {
        let mut fewer = steps.clone();
        fewer.remove(at);
        if fails(&fewer) {
            steps = fewer;
        }
    }
    steps
}

/// Makes unrelated numbers of neighbouring seeds, by the last step of `SplitMix64` (Steele, Lea and
/// Flood, 2014).
pub(super) fn mixed(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Plays the program of a seed.
///
/// # Errors
/// The failure, shrunk.
pub fn check_seed(setup: Setup, seed: u64) -> Result<Coverage, Box<Failure>> {
    let tree = tree_of(setup, seed);
    match run(&tree.current(), false) {
        Ok(run) => Ok(run.coverage),
        Err((violation, _)) => Err(Box::new(shrink(setup, seed, tree, violation))),
    }
}

fn shrink(
    setup: Setup,
    seed: u64,
    mut tree: impl ValueTree<Value = Program>,
    mut violation: Violation,
) -> Failure {
    let mut shortest = tree.current();
    for _ in 0..SHRINKS {
        let outcome = run(&tree.current(), false);
        let goes_on = match outcome {
            Err((found, _)) if found.invariant == violation.invariant => {
                (shortest, violation) = (tree.current(), found);
                tree.simplify()
            }
            _ => tree.complicate(),
        };
        if !goes_on {
            break;
        }
    }
    let trace = run(&shortest, true).err().map(|(_, trace)| trace).unwrap_or_default();
    Failure { setup, seed, program: shortest, violation, trace }
}

/// The first seed found among `cases` of them whose program violates an invariant, not shrunk.
#[cfg(feature = "mutations")]
pub(super) fn find_violation(setup: Setup, first: u64, cases: u64) -> Option<(u64, Violation)> {
    let next = AtomicU64::new(0);
    let found = Mutex::new(None);
    let is_found = || found.lock().expect("nobody panics while looking").is_some();
    let work = || {
        while !is_found() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= cases {
                break;
            }
            let seed = first.wrapping_add(index);
            if let Err((violation, _)) = run(&program_of(setup, seed), false) {
                found.lock().expect("nobody panics while looking").get_or_insert((seed, violation));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..workers() {
            scope.spawn(work);
        }
    });
    found.into_inner().expect("nobody panics while looking")
}

fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Plays the programs of seeds from `first` on, on all processors. Before each program it calls
/// `goes_on` with the number of programs begun, and stops when that returns false.
///
/// # Errors
/// The first failure, shrunk.
///
/// # Panics
/// Never: a panic in a program is a violation.
pub fn check_seeds(
    setup: Setup,
    first: u64,
    goes_on: impl Fn(u64) -> bool + Sync,
) -> Result<Coverage, Box<Failure>> {
    let begun = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let outcome = Mutex::new(Ok(Coverage::default()));
    let work = || {
        let mut coverage = Coverage::default();
        let mut failure = None;
        while failure.is_none() && !failed.load(Ordering::Relaxed) {
            let index = begun.fetch_add(1, Ordering::Relaxed);
            if !goes_on(index) {
                break;
            }
            match check_seed(setup, first.wrapping_add(index)) {
                Ok(one) => coverage.add(&one),
                Err(found) => failure = Some(found),
            }
        }
        let mut outcome = outcome.lock().expect("nobody panics while merging");
        match (failure, &mut *outcome) {
            (Some(found), Ok(_)) => {
                failed.store(true, Ordering::Relaxed);
                *outcome = Err(found);
            }
            (_, Ok(all)) => all.add(&coverage),
            (_, Err(_)) => {}
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..workers() {
            scope.spawn(work);
        }
    });
    outcome.into_inner().expect("nobody panics while merging")
}
