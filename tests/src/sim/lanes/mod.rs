//! Lanes: followers that vote, react and say values over lost connections and restarts, and an
//! owner that sets lanes anew.
//!
//! The world is small, because the large one checks everything else. It has no network: what a
//! server sends arrives at once. It has a journal, which keeps what was staged in steps of its own.
//! It checks L1 to L7 of docs/guarantees.md.

mod page;
mod program;
mod world;

use proptest::strategy::ValueTree;

use super::harness::tree;
use super::invariant::Invariant;
use super::small::{Played, SmallSimulation, caught, with_trace};
use world::{Heard, LanesWorld};

pub use program::{LanesProgram, LanesStep};

/// The simulation of lanes.
#[derive(Debug)]
pub struct Lanes;

impl SmallSimulation for Lanes {
    type Program = LanesProgram;
    type Step = LanesStep;

    fn program_of(seed: u64) -> LanesProgram {
        tree(seed, &program::programs()).current()
    }

    fn steps(program: &mut LanesProgram) -> &mut Vec<LanesStep> {
        &mut program.steps
    }

    /// Plays a program. Then plays it twice without votes, which the journal keeps too, with and
    /// without what floods the lanes.
    fn play(program: &LanesProgram, traced: bool) -> Played {
        let (_, trace) = play_once(program, |_| true, traced)?;
        let (heard, _) = play_once(program, |step| !step.is_vote(), false)?;
        let (twin, _) = play_once(program, |step| !step.is_vote() && !step.is_flood(), false)?;
        let same = Invariant::FloodChangesNothing.ensure(heard == twin, || format!("{heard:?} and {twin:?}"));
        with_trace(same, Some(trace))
    }
}

/// Plays the steps of a program that `is_played` takes. Returns what the followers heard, and the
/// trace.
fn play_once(
    program: &LanesProgram,
    is_played: impl Fn(&LanesStep) -> bool,
    traced: bool,
) -> Played<(Vec<Heard>, Vec<String>)> {
    let mut world = LanesWorld::new(program.has_lanes, traced);
    let steps: Vec<_> = program.steps.iter().filter(|step| is_played(step)).cloned().collect();
    let played = caught(|| world.play(&steps));
    let trace = with_trace(played, world.trace.take())?;
    Ok((world.heard, trace))
}
