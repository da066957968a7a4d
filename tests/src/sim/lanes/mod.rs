//! Lanes: followers that vote, react and say values over lost connections and restarts, and an
//! owner that sets lanes anew.
//!
//! The world is small, because the large one checks everything else. It has no network: what a
//! server sends arrives at once. It has a journal, which keeps what was staged in steps of its own.
//! It checks L1 to L7 of docs/guarantees.md.

mod page;
mod program;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::strategy::ValueTree;

use super::harness::{fewest, tree};
use super::invariant::{Invariant, Violation};
use world::{Heard, LanesWorld};

pub use program::{LanesProgram, LanesStep};

/// What a program leads to, or the first violation of an invariant and the trace.
type Played<T> = Result<T, (Violation, Vec<String>)>;

/// The program of a seed, always the same.
#[must_use]
pub fn program_of(seed: u64) -> LanesProgram {
    tree(seed, &program::programs()).current()
}

/// Plays a program. Then plays it twice without votes, which the journal keeps too, with and
/// without what floods the lanes. Returns the trace of the first time, if it was asked for.
///
/// # Errors
/// The first violation of an invariant, and the trace.
pub fn play(program: &LanesProgram, traced: bool) -> Result<Vec<String>, (Violation, Vec<String>)> {
    let (_, trace) = play_once(program, |_| true, traced)?;
    let (heard, _) = play_once(program, |step| !step.is_vote(), false)?;
    let (twin, _) = play_once(program, |step| !step.is_vote() && !step.is_flood(), false)?;
    match Invariant::FloodChangesNothing.ensure(heard == twin, || format!("{heard:?} and {twin:?}")) {
        Ok(()) => Ok(trace),
        Err(violation) => Err((violation, trace)),
    }
}

fn play_once(
    program: &LanesProgram,
    is_played: impl Fn(&LanesStep) -> bool,
    traced: bool,
) -> Played<(Vec<Heard>, Vec<String>)> {
    let mut world = LanesWorld::new(program.has_lanes, traced);
    let steps: Vec<_> = program.steps.iter().filter(|step| is_played(step)).cloned().collect();
    let played = catch_unwind(AssertUnwindSafe(|| world.play(&steps)))
        .unwrap_or_else(|_| Err(Invariant::NoPanic.violated("panicked")));
    let trace = world.trace.take().unwrap_or_default();
    match played {
        Ok(()) => Ok((world.heard, trace)),
        Err(violation) => Err((violation, trace)),
    }
}

/// The first of these seeds whose program violates an invariant.
#[must_use]
pub fn find_violation(seeds: impl IntoIterator<Item = u64>) -> Option<(u64, Violation)> {
    let violation = |seed| play(&program_of(seed), false).err().map(|(violation, _)| (seed, violation));
    seeds.into_iter().find_map(violation)
}

/// The program of a seed with as few steps as still violate the same invariant.
#[must_use]
pub fn shortened(seed: u64, violation: &Violation) -> LanesProgram {
    let mut program = program_of(seed);
    program.steps = fewest(program.steps.clone(), |steps| {
        let fewer = LanesProgram { steps: steps.to_vec(), ..program.clone() };
        play(&fewer, false).is_err_and(|(found, _)| found.invariant == violation.invariant)
    });
    program
}
