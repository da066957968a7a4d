//! Actions that run at a moment of the server's clock: pages whose clocks drift, stand still and
//! jump, on a network that is slower one way than the other.
//!
//! The simulation knows the true time, and checks what each page is handed: T1 to T5 of
//! docs/guarantees.md. The world is small, because the large one checks everything else: its pages
//! have no clocks of their own, and its actions have moments that have passed.

mod judge;
mod page;
mod program;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::strategy::ValueTree;

use super::harness::{fewest, tree};
use super::invariant::{Invariant, Violation};
use world::MomentWorld;

pub use program::MomentStep;

/// The steps of a seed, always the same.
#[must_use]
pub fn steps_of(seed: u64) -> Vec<MomentStep> {
    tree(seed, &program::steps()).current()
}

/// Plays steps in the world of a seed. Returns the trace, if it was asked for.
///
/// # Errors
/// The first violation of an invariant, and the trace.
pub fn play(seed: u64, steps: &[MomentStep], traced: bool) -> Result<Vec<String>, (Violation, Vec<String>)> {
    let mut world = MomentWorld::new(seed, traced);
    let played = catch_unwind(AssertUnwindSafe(|| world.play(steps)))
        .unwrap_or_else(|_| Err(Invariant::NoPanic.violated("panicked")));
    let trace = world.trace.take().unwrap_or_default();
    match played {
        Ok(()) => Ok(trace),
        Err(violation) => Err((violation, trace)),
    }
}

/// The first of these seeds whose steps violate an invariant.
#[must_use]
pub fn find_violation(seeds: impl IntoIterator<Item = u64>) -> Option<(u64, Violation)> {
    let violation = |seed| play(seed, &steps_of(seed), false).err().map(|(violation, _)| (seed, violation));
    seeds.into_iter().find_map(violation)
}

/// As few of a seed's steps as still violate the same invariant.
#[must_use]
pub fn shortened(seed: u64, violation: &Violation) -> Vec<MomentStep> {
    fewest(steps_of(seed), |steps| {
        play(seed, steps, false).is_err_and(|(found, _)| found.invariant == violation.invariant)
    })
}
