//! What somebody who looks after a server wants to know of a room.

use super::Room;
use super::followers::LagReport;
use super::log::Log;
use crate::OwnerPresence;

/// A room as it is at this moment, in numbers; nothing of what was said in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomReport {
    /// How many followers it has.
    pub followers: usize,
    /// Whether its owner has a connection.
    pub owner: OwnerPresence,
    /// Which claim of ownership is in force.
    pub epoch: u64,
    /// The seq of its newest action; 0 before the first.
    pub seq: u64,
    /// How many slots it retains.
    pub slots: usize,
    /// Bytes of those: names, function keys and params.
    pub slot_bytes: usize,
    /// Bytes of the actions in its ring, in all renderings that it keeps.
    pub ring_bytes: usize,
    /// Bytes of the snapshots that are rendered at the moment.
    pub snapshot_bytes: usize,
    /// How far its followers are behind.
    pub lag: LagReport,
}

impl Room {
    /// How it is at this moment. Looks at every follower.
    #[must_use]
    pub fn report(&self) -> RoomReport {
        let original = self.original.as_ref().map_or(0, Log::bytes);
        RoomReport {
            followers: self.followers.len(),
            owner: self.owner.presence(),
            epoch: self.owner.epoch(),
            seq: self.compact.head(),
            slots: self.slots.len(),
            slot_bytes: self.slots.bytes(),
            ring_bytes: self.compact.bytes() + original,
            snapshot_bytes: self.slots.snapshot_bytes(),
            lag: self.followers.lag_report(self.compact.head()),
        }
    }
}
