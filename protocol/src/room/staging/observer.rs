//! What happens in a room, for the application that it is part of. The room tells its [`Observer`]
//! in the order in which it happens, and nothing before its journal has kept it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::mark::Mark;
use crate::room::id::RoomId;

/// Something that happened in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomNotice {
    /// The room was opened.
    Opened,
    /// A follower joined.
    Joined {
        /// How many followers the room has now.
        followers: usize,
    },
    /// A follower left.
    Left {
        /// How many followers the room has now.
        followers: usize,
    },
    /// The owner's connection is gone.
    OwnerAway,
    /// An owner that was away has a connection again.
    OwnerBack,
}

/// Hears what happens in rooms. A room calls it while its caller holds the room's lock, so it must
/// neither wait nor ask the room for anything.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Whether anybody wants to know. If not, the room remembers nothing for later.
    fn is_listening(&self) -> bool;

    /// Something has happened in this room.
    fn notice(&self, room: RoomId, notice: RoomNotice);
}

/// A room's observer, and what it is to be told later.
#[derive(Debug, Default)]
pub(crate) struct Observation {
    pub(crate) observer: Option<Arc<dyn Observer>>,
    /// What waits until the journal has kept all records up to the mark, in order.
    pub(crate) waiting: VecDeque<(Mark, RoomNotice)>,
}
