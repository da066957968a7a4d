//! A follower's cursor: how far it has been served.

use super::block::Block;
use crate::Rendering;
use crate::room::followers::FollowerId;

/// How far a follower has been served.
#[derive(Debug)]
pub struct Cursor {
    /// None for what is no follower: an owner that is given the snapshot.
    pub(crate) follower: Option<FollowerId>,
    pub(crate) rendering: Rendering,
    pub(crate) position: Position,
}

#[derive(Debug)]
pub(crate) enum Position {
    /// The retained state is being sent; it stands for everything up to `head`.
    Snapshot {
        block: Block,
        index: usize,
        head: u64,
        /// It stands in for actions that were missed, which is still to be said.
        resync: bool,
    },
    /// Everything up to this seq has been served.
    Live { seq: u64 },
}

impl Cursor {
    /// Whether the retained state still has to be served, or the rest of it.
    #[must_use]
    pub fn is_catching_up(&self) -> bool {
        !matches!(self.position, Position::Live { .. })
    }

    /// The seq from which it is served live, now or after the retained state.
    pub(crate) fn seq(&self) -> u64 {
        match self.position {
            Position::Snapshot { head, .. } => head,
            Position::Live { seq } => seq,
        }
    }

    /// How messages are written for this follower.
    #[must_use]
    pub fn rendering(&self) -> Rendering {
        self.rendering
    }
}
