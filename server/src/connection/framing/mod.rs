//! How messages are framed on a client's stream: as websocket frames or as server-sent events.

mod events;

use crate::websocket::{Ending, PING};

pub(crate) use events::EventFraming;

/// How messages are framed on a client's stream.
#[derive(Debug)]
pub(crate) enum Framing {
    /// Frames of RFC 6455, in both directions.
    Websocket,
    /// Server-sent events. The client sends nothing.
    Events(EventFraming),
}

impl Framing {
    /// The bytes that ask a websocket client for a sign of life, or show one to an event stream's
    /// client.
    pub(crate) fn sign_of_life(&self) -> &'static [u8] {
        match self {
            Self::Websocket => &PING,
            Self::Events(_) => events::KEEP_ALIVE,
        }
    }

    /// The bytes that tell the client why its stream ends. None if no client is left to read them.
    pub(crate) fn farewell(&self, ending: Ending) -> Option<Vec<u8>> {
        match (self, ending) {
            (Self::Websocket, ending) => ending.close_frame(),
            (Self::Events(_), Ending::Policy(code)) => Some(events::closing(code)),
            (Self::Events(_), _) => None,
        }
    }

    /// Whether the client can still send something after its farewell.
    pub(crate) fn is_answered(&self) -> bool {
        matches!(self, Self::Websocket)
    }
}
