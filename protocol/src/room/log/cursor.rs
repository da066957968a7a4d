//! A follower's cursor. A connection keeps it, and [`Room::serve`](crate::Room::serve) moves it.

use super::block::Block;
use crate::Rendering;
use crate::room::followers::FollowerId;

/// How far a follower has been served.
#[derive(Debug)]
pub struct Cursor {
    /// None for an owner that is served the snapshot.
    pub(crate) follower: Option<FollowerId>,
    pub(crate) rendering: Rendering,
    pub(crate) position: Position,
}

/// What is served next.
#[derive(Debug)]
pub(crate) enum Position {
    /// The snapshot is being served. Boxed, because it seldom is, and there are many cursors.
    Snapshot(Box<SnapshotPosition>),
    /// Everything up to this seq has been served.
    Live { seq: u64 },
    /// It is in step with others since it had this seq: see [`Standing`](crate::Standing).
    InStep { since: u64 },
}

/// How far a snapshot was served.
#[derive(Debug)]
pub(crate) struct SnapshotPosition {
    pub(crate) block: Block,
    /// The message of the block that comes next.
    pub(crate) index: usize,
    /// The snapshot stands for everything up to this seq.
    pub(crate) head: u64,
    /// Whether `resync` still has to be said, because actions were missed.
    pub(crate) resync: bool,
    /// How often the room had been made anew when the snapshot was taken.
    pub(crate) rebuilds: u32,
}

impl Cursor {
    /// Whether the snapshot, or the rest of it, still has to be served.
    #[must_use]
    pub fn is_catching_up(&self) -> bool {
        matches!(self.position, Position::Snapshot(_))
    }

    /// Whether it still has to be said that actions were missed.
    pub(crate) fn is_resync(&self) -> bool {
        matches!(&self.position, Position::Snapshot(snapshot) if snapshot.resync)
    }

    /// The seq after which it is served live, now or once the snapshot is complete. Of one in step,
    /// a seq that it had before.
    pub(crate) fn seq(&self) -> u64 {
        match &self.position {
            Position::Snapshot(snapshot) => snapshot.head,
            Position::Live { seq } | Position::InStep { since: seq } => *seq,
        }
    }

    /// The rendering in which this follower is served.
    #[must_use]
    pub fn rendering(&self) -> Rendering {
        self.rendering
    }
}
