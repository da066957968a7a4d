//! The websocket protocol (RFC 6455) without I/O: it reads a client's frames and writes ours.
//! Connections and the suite in `internals` use it.

mod handshake;
mod reader;
mod writer;

use rtbroadcaster_protocol::CloseCode;
use tungstenite::protocol::frame::coding::CloseCode as WireCode;

pub(crate) use handshake::handshake;
pub(crate) use reader::{Incoming, Reader};
pub(crate) use writer::{MAX_HEADER_BYTES, PING, close, pong, text_header};

/// Close codes of clients that are counted apart: done (1000), gone to another page (1001), no code
/// (1005).
pub(crate) const CLIENT_CODES: [u16; 3] = [1000, 1001, 1005];

/// Why a websocket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The client is gone without a close frame.
    Gone,
    /// The client closed it. It is answered with its own code.
    Answered(WireCode),
    /// The server closes it by its own rules.
    Policy(CloseCode),
    /// The server closes it because of a fault in the client's frames.
    Fault(Fault),
}

/// What is wrong with a client's frames (section 7.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A frame breaks the protocol's rules.
    Frame,
    /// A message isn't UTF-8.
    Text,
    /// A message is larger than it may be.
    Size,
}

impl Ending {
    /// The close frame for this ending. None if the client is gone.
    pub(crate) fn close_frame(self) -> Option<Vec<u8>> {
        match self {
            Self::Gone => None,
            Self::Answered(code) => Some(close(code, "")),
            Self::Policy(code) => Some(close(WireCode::from(code.value()), code.reason())),
            Self::Fault(fault) => Some(close(fault.code(), fault.reason())),
        }
    }
}

impl Fault {
    /// Every fault.
    pub(crate) const ALL: [Self; 3] = [Self::Frame, Self::Text, Self::Size];

    /// The close code for this fault.
    pub(crate) fn code(self) -> WireCode {
        match self {
            Self::Frame => WireCode::Protocol,
            Self::Text => WireCode::Invalid,
            Self::Size => WireCode::Size,
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::Frame => "not a valid websocket frame",
            Self::Text => "messages must be UTF-8",
            Self::Size => "the message is too large",
        }
    }
}
