//! What an operator wants to know about a room: the server's administration and its metrics show
//! it.

use super::Room;
use super::followers::LagReport;
use super::log::Log;
use crate::OwnerPresence;

/// A room in numbers. No content of its actions is in it.
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
    /// How many people have a name, those included whose seats are kept while they are away.
    pub named: usize,
    /// How many members it has beside its creator.
    pub members: usize,
    /// How many lanes are open.
    pub lanes: usize,
    /// How many voters they have together.
    pub voters: usize,
    /// Whether it is recorded.
    pub is_recorded: bool,
    /// How many state messages it retains.
    pub slots: usize,
    /// Bytes of these state messages: slot names, function keys and params.
    pub slot_bytes: usize,
    /// Bytes of the actions in its rings, in all renderings that it keeps.
    pub ring_bytes: usize,
    /// Bytes of the snapshots that are rendered now.
    pub snapshot_bytes: usize,
    /// How far its followers are behind.
    pub lag: LagReport,
}

impl Room {
    /// The room in numbers, as it is now. This looks at every follower.
    #[must_use]
    pub fn report(&self) -> RoomReport {
        let original = self.original.as_ref().map_or(0, Log::bytes);
        let (lanes, voters) = self.lane_counts();
        RoomReport {
            lanes,
            voters,
            followers: self.followers.len(),
            owner: self.owner.presence(),
            epoch: self.owner.epoch(),
            seq: self.compact.head(),
            named: self.named(),
            members: self.guests(),
            is_recorded: self.recording().is_some(),
            slots: self.slots.len(),
            slot_bytes: self.slots.bytes(),
            ring_bytes: self.compact.bytes() + original,
            snapshot_bytes: self.slots.snapshot_bytes(),
            lag: self.followers.lag_report(self.compact.head()),
        }
    }
}
