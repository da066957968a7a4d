//! Hand-overs: one room, pages with keys of it and without, and the right to write, which passes
//! from one to another.
//!
//! The world is small, because the large one checks everything else. Its rooms and connections are
//! real, and what is sent in either direction may wait, arrive in part, or arrive after its page
//! has gone on with another connection. Its pages are models that know the wire alone. The server
//! restarts with what its journal has kept. It checks H1 to H7 of docs/guarantees.md.

mod asking;
mod connection;
mod goals;
mod hearing;
mod judge;
mod page;
mod program;
mod quiet;
mod server;
mod speaking;
mod world;

use proptest::strategy::ValueTree;

use super::harness::tree;
use super::small::{Played, SmallSimulation, caught, with_trace};
use world::HandOverWorld;

pub use goals::{HAND_OVER_GOALS, HandOverGoals};
pub use program::{HandOverProgram, HandOverStep};

/// The simulation of hand-overs.
#[derive(Debug)]
pub struct HandOvers;

impl HandOvers {
    /// What the program of a seed has reached.
    #[must_use]
    pub fn goals_of(seed: u64) -> HandOverGoals {
        let program = Self::program_of(seed);
        let mut world = HandOverWorld::new(&program, false);
        // Whether it violates anything is another question.
        let _ = caught(|| world.play(&program.steps));
        world.goals
    }
}

impl SmallSimulation for HandOvers {
    type Program = HandOverProgram;
    type Step = HandOverStep;

    fn program_of(seed: u64) -> HandOverProgram {
        tree(seed, &program::programs()).current()
    }

    fn steps(program: &mut HandOverProgram) -> &mut Vec<HandOverStep> {
        &mut program.steps
    }

    fn play(program: &HandOverProgram, traced: bool) -> Played {
        let mut world = HandOverWorld::new(program, traced);
        let played = caught(|| world.play(&program.steps));
        with_trace(played, world.trace.take())
    }
}
