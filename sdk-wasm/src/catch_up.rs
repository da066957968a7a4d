//! What a follower that detached catches up with.

/// How a follower that detached catches up.
#[cfg_attr(not(feature = "web"), expect(unreachable_pub, reason = "js/ gives it as a flag"))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CatchUp {
    /// With the state as it is now, in the order of the writes: of each slot the newest state
    /// message, or its clear if the page had received a state message of the slot. Actions that
    /// were not state messages are skipped.
    #[default]
    State,
    /// With every action and clear, in order. If not all of them were kept, `on_resync` is called
    /// first.
    Every,
}
