//! Why nothing was done to a room without a connection.

use rtbroadcaster_protocol::{Delay, RefusalCode};

use crate::journal::NotKept;

/// Why something can't be done to a room without a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PublishError {
    /// The room is closed (`unknown_room`), the key isn't the room's (`wrong_owner_key`), or
    /// somebody else may write by now (`not_owner`).
    Refused(RefusalCode),
    /// Another claim of the room's ownership is in force.
    Superseded,
    /// More comes to the room than it takes in a second. The same may be tried after this delay.
    TooFast(Delay),
    /// Clients are being sent away.
    ShuttingDown,
    /// The journal has failed or ended. What was asked for may be kept or not.
    NotKept,
    /// Other servers have changed the room at the same moment, again and again. What was asked for
    /// is not kept, and may be asked for again.
    Lost,
}

impl From<RefusalCode> for PublishError {
    fn from(code: RefusalCode) -> Self {
        Self::Refused(code)
    }
}

impl From<NotKept> for PublishError {
    fn from(reason: NotKept) -> Self {
        match reason {
            NotKept::Ended => Self::NotKept,
            NotKept::Lost => Self::Lost,
        }
    }
}
