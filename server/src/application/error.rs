//! Why the application can't do something with a room.

use rtbroadcaster_protocol::{Refusal, RefusalCode};

use crate::publish::PublishError;

/// Why the application can't do something with a room.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoomError {
    /// The room is closed. It stays so: open another one.
    #[error("the room is closed")]
    Closed,
    /// The room or the manager refuses it, as it would refuse a client. The code says why, and the
    /// message what to do.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The id of [`RoomHandle::publish_once`](crate::RoomHandle::publish_once) is below the newest
    /// ones of its session, and what became of its message isn't known any more.
    #[error(
        "ids count up within a session, and this one is below those that the room has: what became of its message is \
         not known any more, or it was never published"
    )]
    StaleId,
    /// The manager is shutting down, and sends its clients away.
    #[error("the server is shutting down: its clients are being sent away")]
    ShuttingDown,
    /// The rooms can't be stored any more: the manager has shut down, or the log says why not. It
    /// isn't known whether what was asked for is stored. The process should end: see
    #[cfg_attr(feature = "store", doc = "[`Manager::store_failed`](crate::Manager::store_failed).")]
    #[cfg_attr(not(feature = "store"), doc = "the feature `store`.")]
    #[error("the rooms can't be stored any more: the manager has shut down, or the log says why not")]
    NotKept,
}

impl From<PublishError> for RoomError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Refused(RefusalCode::UnknownRoom) => Self::Closed,
            PublishError::Refused(code) => Self::Refused(code.into()),
            PublishError::TooFast(pause) => {
                Self::Refused(Refusal::until_later(RefusalCode::RateLimited, pause.milliseconds()))
            }
            // The application names no epoch, so none is superseded.
            PublishError::Superseded | PublishError::ShuttingDown => Self::ShuttingDown,
            PublishError::NotKept | PublishError::Lost => Self::NotKept,
        }
    }
}
