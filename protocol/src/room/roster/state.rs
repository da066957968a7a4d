//! What a room has of its roster, and what those who asked were told of it.

use super::exchange::Exchange;
use super::list::List;
use super::seats::SeatNumbering;
use crate::Timestamp;

/// The roster of a room.
#[derive(Debug, Default)]
pub(in crate::room) struct Roster {
    /// Whether followers may ask who is there.
    pub(in crate::room) is_shared: bool,
    /// None until somebody has a name, or asks.
    pub(super) list: Option<Box<List>>,
    /// None if no other server has the room.
    pub(super) shared: Option<Box<SharedSeats>>,
}

/// What a server needs that shares a room's seats with others.
#[derive(Debug)]
pub(super) struct SharedSeats {
    pub(super) numbering: SeatNumbering,
    pub(super) exchange: Exchange,
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
    /// The list, made if there is none yet. `key` is random: it decides the order of numbers where
    /// the room is this server's alone.
    pub(super) fn list(&mut self, key: u64) -> &mut List {
        let shared = self.shared.as_ref().map(|shared| shared.numbering);
        let list = || {
            let numbering = shared.unwrap_or_else(|| SeatNumbering::all(key));
            Box::new(List::new(numbering, shared.is_some()))
        };
        self.list.get_or_insert_with(list)
    }

    /// When something is to be told, or a seat to be given up.
    pub(in crate::room) fn due(&self) -> Option<Timestamp> {
        self.list.as_ref()?.due()
    }

    /// Bytes that it takes; an estimate.
    pub(in crate::room) fn bytes(&self) -> usize {
        self.list.as_ref().map_or(0, |list| list.bytes())
    }
}
