//! What a room has of its roster, and what those who asked were told of it.

use super::list::List;
use crate::Timestamp;

/// The roster of a room.
#[derive(Debug, Default)]
pub(in crate::room) struct Roster {
    /// Whether followers may ask who is there.
    pub(super) is_shared: bool,
    /// None until somebody has a name, or asks.
    pub(super) list: Option<Box<List>>,
}

/// Who asks who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    Owner,
    Follower,
}

/// What a client that asked was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    /// How many comings and goings it knows.
    pub(super) changes: u64,
    /// Whether it was shown people, and not only how many there are.
    pub(super) has_people: bool,
}

impl Roster {
    /// When something is to be told, or a seat to be given up.
    pub(in crate::room) fn due(&self) -> Option<Timestamp> {
        self.list.as_ref()?.due()
    }

    /// Bytes that it takes; an estimate.
    pub(in crate::room) fn bytes(&self) -> usize {
        self.list.as_ref().map_or(0, |list| list.bytes())
    }
}
