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

use proptest::strategy::ValueTree;

use super::harness::tree;
use super::small::{Played, SmallSimulation, caught, with_trace};
use world::PeopleWorld;

pub use program::{PeopleProgram, PeopleStep};

/// The simulation of who is there.
#[derive(Debug)]
pub struct People;

impl SmallSimulation for People {
    type Program = PeopleProgram;
    type Step = PeopleStep;

    fn program_of(seed: u64) -> PeopleProgram {
        tree(seed, &program::programs()).current()
    }

    fn steps(program: &mut PeopleProgram) -> &mut Vec<PeopleStep> {
        &mut program.steps
    }

    fn play(program: &PeopleProgram, traced: bool) -> Played {
        let mut world = PeopleWorld::new(program.shares, program.servers, traced);
        let played = caught(|| world.play(&program.steps));
        with_trace(played, world.trace.take())
    }
}
