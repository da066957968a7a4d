//! A room at one moment, as its records must make it again.

use rtbroadcaster_protocol::{Record, Room};

use super::model::RoomModel;

/// A room at the end of what it has staged until now.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub(super) model: RoomModel,
    pub(super) seq: u64,
    pub(super) epoch: u64,
    /// Everything but its ring and the time since when its owner is away.
    pub(super) state: Vec<u8>,
}

impl Moment {
    /// The room as it is now. `model` is what it must be.
    pub(super) fn of(room: &Room, model: RoomModel) -> Self {
        Self { model, seq: room.head(), epoch: room.epoch(), state: state(room) }
    }
}

/// The bytes of a room's state.
pub(super) fn state(room: &Room) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut checkpoint = room.checkpoint(0);
    checkpoint.owner.away_since_ms = None;
    Record::Checkpoint(checkpoint).encode(&mut bytes);
    bytes
}
