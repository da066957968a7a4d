//! Recordings: a room that is recorded, its recorder, the disk, and kills at any byte.
//!
//! The world is small, because the large one checks everything else. It has no pages: a model keeps
//! what a follower would have been handed, and a reader plays what is on the disk. It checks R1 to
//! R6 of docs/guarantees.md.

mod disk;
mod program;
mod tape;
mod world;

use proptest::strategy::ValueTree;

use super::harness::tree;
use super::small::{Played, SmallSimulation, caught, with_trace};
use world::RecordingWorld;

pub use program::{RecordingProgram, RecordingStep};

/// The simulation of recordings.
#[derive(Debug)]
pub struct Recordings;

impl SmallSimulation for Recordings {
    type Program = RecordingProgram;
    type Step = RecordingStep;

    fn program_of(seed: u64) -> RecordingProgram {
        tree(seed, &program::programs()).current()
    }

    fn steps(program: &mut RecordingProgram) -> &mut Vec<RecordingStep> {
        &mut program.steps
    }

    fn play(program: &RecordingProgram, traced: bool) -> Played {
        let mut world = RecordingWorld::new(program, traced);
        let played = caught(|| world.play(&program.steps));
        with_trace(played, world.trace.take())
    }
}
