//! What the simulations with small worlds of their own share: they draw programs from seeds, play
//! them, and shorten the first one that violates an invariant.

use std::fmt::{self, Debug};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::harness::fewest;
use super::invariant::{Checked, Invariant, Violation};

/// The trace of a program, or the first violation of an invariant with the trace up to it. The
/// trace is empty if nobody asked for it.
pub type Played<T = Vec<String>> = Result<T, (Violation, Vec<String>)>;

/// A simulation with a small world.
pub trait SmallSimulation {
    /// What is played.
    type Program: Debug;
    /// A part of it.
    type Step: Clone;

    /// The program of a seed, always the same.
    fn program_of(seed: u64) -> Self::Program;

    /// The steps of a program.
    fn steps(program: &mut Self::Program) -> &mut Vec<Self::Step>;

    /// Plays a program. Returns the trace, if it was asked for.
    ///
    /// # Errors
    /// The first violation of an invariant, and the trace.
    fn play(program: &Self::Program, traced: bool) -> Played;
}

/// A seed whose program violates an invariant.
pub struct SmallFailure<P> {
    seed: u64,
    violation: Violation,
    trace: Vec<String>,
    /// With as few steps as still violate the same invariant.
    program: P,
}

impl<P: Debug> fmt::Display for SmallFailure<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, violation, trace, program } = self;
        write!(formatter, "{}\nseed {seed} violates {violation}\n{program:#?}", trace.join("\n"))
    }
}

impl<P: Debug> Debug for SmallFailure<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The first of these seeds whose program violates an invariant.
pub fn find_violation<S: SmallSimulation>(seeds: Range<u64>) -> Option<(u64, Violation)> {
    let violation = |seed| S::play(&S::program_of(seed), false).err().map(|(violation, _)| (seed, violation));
    { seeds }.find_map(violation)
}

/// Plays the programs of these seeds.
///
/// # Errors
/// The first one that violates an invariant, shortened.
pub fn check<S: SmallSimulation>(seeds: Range<u64>) -> Result<(), Box<SmallFailure<S::Program>>> {
    let Some((seed, violation)) = find_violation::<S>(seeds) else { return Ok(()) };
    let program_with = |steps: &[S::Step]| {
        let mut program = S::program_of(seed);
        *S::steps(&mut program) = steps.to_vec();
        program
    };
    let steps = fewest(S::steps(&mut S::program_of(seed)).clone(), |steps| {
        let played = S::play(&program_with(steps), false);
        played.is_err_and(|(found, _)| found.invariant == violation.invariant)
    });
    let program = program_with(&steps);
    let (violation, trace) = S::play(&program, true).err().unwrap_or((violation, Vec::new()));
    Err(Box::new(SmallFailure { seed, violation, trace, program }))
}

/// Plays some programs twice.
///
/// # Panics
/// The second time differs from the first, or violates an invariant, or has no trace.
pub fn seeds_are_always_the_same_run<S: SmallSimulation>() {
    for seed in 0..20 {
        let [once, again] = [(); 2].map(|()| S::play(&S::program_of(seed), true));
        assert_eq!(once, again);
        assert!(once.is_ok_and(|trace| !trace.is_empty()));
    }
}

/// Plays in a world; a panic violates an invariant too.
pub(super) fn caught(play: impl FnOnce() -> Checked) -> Checked {
    catch_unwind(AssertUnwindSafe(play)).unwrap_or_else(|_| Err(Invariant::NoPanic.violated("panicked")))
}

/// What was played, with its trace.
pub(super) fn with_trace(played: Checked, trace: Option<Vec<String>>) -> Played {
    let trace = trace.unwrap_or_default();
    match played {
        Ok(()) => Ok(trace),
        Err(violation) => Err((violation, trace)),
    }
}
