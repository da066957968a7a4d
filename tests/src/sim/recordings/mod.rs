//! Recordings: a room that is recorded, its recorder, the disk, and kills at any byte.
//!
//! The world is small, because the large one checks everything else. It has no pages: a model keeps
//! what a follower would have been handed, and a reader plays what is on the disk. It checks R1 to
//! R6 of docs/guarantees.md.

mod disk;
mod program;
mod tape;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::strategy::ValueTree;

use super::harness::{fewest, tree};
use super::invariant::{Invariant, Violation};
use world::RecordingWorld;

pub use program::{RecordingProgram, RecordingStep};

/// The program of a seed, always the same.
#[must_use]
pub fn program_of(seed: u64) -> RecordingProgram {
    tree(seed, &program::programs()).current()
}

/// Plays a program. Returns the trace, if it was asked for.
///
/// # Errors
/// The first violation of an invariant, and the trace.
pub fn play(program: &RecordingProgram, traced: bool) -> Result<Vec<String>, (Violation, Vec<String>)> {
    let mut world = RecordingWorld::new(program, traced);
    let played = catch_unwind(AssertUnwindSafe(|| world.play(&program.steps)))
        .unwrap_or_else(|_| Err(Invariant::NoPanic.violated("panicked")));
    let trace = world.trace.take().unwrap_or_default();
    match played {
        Ok(()) => Ok(trace),
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
pub fn shortened(seed: u64, violation: &Violation) -> RecordingProgram {
    let mut program = program_of(seed);
    program.steps = fewest(program.steps.clone(), |steps| {
        let fewer = RecordingProgram { steps: steps.to_vec(), ..program.clone() };
        play(&fewer, false).is_err_and(|(found, _)| found.invariant == violation.invariant)
    });
    program
}
