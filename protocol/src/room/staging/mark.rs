//! How far a room's records go.

/// How far a room's records go: to be handed to the journal with them, and back to the room once
/// they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mark {
    /// How many records the room has staged since it was made or restored.
    pub records: u64,
    /// The seq of the newest action among them and those before.
    pub seq: u64,
}
