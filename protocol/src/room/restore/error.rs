//! What can be wrong with the records of a room.

use crate::RecordError;

/// Why no room can be made of its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// They can't be read.
    #[error(transparent)]
    Unreadable(#[from] RecordError),
    /// Some are missing, or they are out of order.
    #[error("records of the room are missing, or out of order: restore the store from a backup")]
    Incomplete,
}
