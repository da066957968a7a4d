//! How what is said to a client is put on its stream.

use super::events::{self, EventFraming};
use super::websocket::{Ending, PING};

/// How what is said to a client is put on its stream.
#[derive(Debug)]
pub(crate) enum Framing {
    /// Frames of RFC 6455, in both directions.
    Websocket,
    /// Server-sent events; the client says nothing.
    Events(EventFraming),
}

impl Framing {
    /// What asks the client for a sign of life, or shows it one.
    pub(crate) fn sign_of_life(&self) -> &'static [u8] {
        match self {
            Self::Websocket => &PING,
            Self::Events(_) => events::KEEP_ALIVE,
        }
    }

    /// What tells the client why its stream ends; none if there is nobody to be told.
    pub(crate) fn farewell(&self, ending: Ending) -> Option<Vec<u8>> {
        match (self, ending) {
            (Self::Websocket, ending) => ending.close_frame(),
            (Self::Events(_), Ending::Policy(code)) => Some(events::closing(code)),
            (Self::Events(_), _) => None,
        }
    }

    /// Whether the client can still say something after we have told it that this is the end.
    pub(crate) fn is_answered(&self) -> bool {
        matches!(self, Self::Websocket)
    }
}
