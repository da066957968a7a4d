//! What a follower that detached catches up with.

/// With what a follower that detached catches up.
#[cfg_attr(not(feature = "web"), expect(unreachable_pub, reason = "js/room.js gives it as a number"))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CatchUp {
    /// With what counts now: the newest state message of each slot, or that it was cleared if this page knows it, in the
    /// order of the writes. Actions that were no state messages are skipped.
    #[default]
    State,
    /// With each action and clear, in order. If not everything was kept, `on_resync` says so first.
    Every,
}
