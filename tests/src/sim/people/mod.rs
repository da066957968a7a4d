//! Who is there: pages with and without names that come, are cut off, come back and leave, and
//! those among them that ask.
//!
//! The world is small, because the large one checks everything else. It has no network: what a
//! server sends arrives at once, unless a page doesn't read for a while. It checks P1 to P4 of
//! docs/guarantees.md. In every second program several servers have the room, and tell each other
//! who is there; what they say may be lost.

mod page;
mod program;
mod servers;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::strategy::ValueTree;

use super::harness::{fewest, tree};
use super::invariant::{Invariant, Violation};
use world::PeopleWorld;

pub use program::{PeopleProgram, PeopleStep};

/// The program of a seed, always the same.
#[must_use]
pub fn program_of(seed: u64) -> PeopleProgram {
    tree(seed, &program::programs()).current()
}

/// Plays a program. Returns the trace, if it was asked for.
///
/// # Errors
/// The first violation of an invariant, and the trace.
pub fn play(program: &PeopleProgram, traced: bool) -> Result<Vec<String>, (Violation, Vec<String>)> {
    let mut world = PeopleWorld::new(program.shares, program.servers, traced);
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
pub fn shortened(seed: u64, violation: &Violation) -> PeopleProgram {
    let mut program = program_of(seed);
    program.steps = fewest(program.steps.clone(), |steps| {
        let fewer = PeopleProgram { steps: steps.to_vec(), ..program.clone() };
        play(&fewer, false).is_err_and(|(found, _)| found.invariant == violation.invariant)
    });
    program
}
