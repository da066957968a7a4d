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

use proptest::strategy::ValueTree;

use super::harness::tree;
use super::small::{Played, SmallSimulation, caught, with_trace};
use world::MomentWorld;

pub use program::MomentStep;

/// What is played. The seed also decides what the clocks and the network do.
#[derive(Debug)]
pub struct MomentProgram {
    /// The seed.
    pub seed: u64,
    /// What happens, one after the other.
    pub steps: Vec<MomentStep>,
}

/// The simulation of actions that run at a moment.
#[derive(Debug)]
pub struct Moments;

impl SmallSimulation for Moments {
    type Program = MomentProgram;
    type Step = MomentStep;

    fn program_of(seed: u64) -> MomentProgram {
        MomentProgram { seed, steps: tree(seed, &program::steps()).current() }
    }

    fn steps(program: &mut MomentProgram) -> &mut Vec<MomentStep> {
        &mut program.steps
    }

    fn play(program: &MomentProgram, traced: bool) -> Played {
        let mut world = MomentWorld::new(program.seed, traced);
        let played = caught(|| world.play(&program.steps));
        with_trace(played, world.trace.take())
    }
}
