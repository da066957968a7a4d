//! The input of a simulation of recordings: a room, its bounds, and a list of steps.

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::prop_oneof;

/// What happens in a world of recordings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingProgram {
    /// Whether the room has a journal, and so comes back after a kill.
    pub is_stored: bool,
    /// How many actions its ring holds.
    pub ring_actions: u8,
    /// Bytes of a recording.
    pub bytes: u16,
    /// How long a recording lasts, in milliseconds.
    pub milliseconds: u16,
    /// What happens, in order.
    pub steps: Vec<RecordingStep>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordingStep {
    /// The owner broadcasts under one of four keys, as a state message or not.
    Act(u8, bool),
    /// The owner clears one of the slots.
    Clear(u8),
    /// The owner has the room recorded.
    Start,
    /// The owner ends the recording.
    Stop,
    /// The recorder takes so many frames.
    Pull(u8),
    /// What it has taken is written.
    Write,
    /// The journal keeps what was staged.
    Commit,
    /// Milliseconds pass.
    Wait(u16),
    /// The process is killed, when so much of what waits for the disk is written, in parts of 256.
    Kill(u8),
}

/// Random programs.
pub(super) fn programs() -> impl Strategy<Value = RecordingProgram> {
    let bounds = (4_u8..40, 600_u16..12_000, 500_u16..20_000);
    (any::<bool>(), bounds, vec(step(), 1..100)).prop_map(|(is_stored, bounds, steps)| {
        let (ring_actions, bytes, milliseconds) = bounds;
        RecordingProgram { is_stored, ring_actions, bytes, milliseconds, steps }
    })
}

fn step() -> impl Strategy<Value = RecordingStep> {
    use RecordingStep::*;

    prop_oneof![
        20 => (0_u8..4, any::<bool>()).prop_map(|(key, is_state)| Act(key, is_state)),
        4 => (0_u8..4).prop_map(Clear),
        3 => proptest::strategy::Just(Start),
        1 => proptest::strategy::Just(Stop),
        10 => (1_u8..6).prop_map(Pull),
        8 => proptest::strategy::Just(Write),
        10 => proptest::strategy::Just(Commit),
        8 => (0_u16..600).prop_map(Wait),
        1 => any::<u8>().prop_map(Kill),
    ]
}
