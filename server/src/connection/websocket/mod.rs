//! The websocket protocol (RFC 6455) without any I/O: what a client's bytes mean, and how ours are framed.

mod handshake;
mod reader;
mod writer;

use rtbroadcaster_protocol::CloseCode;
use tungstenite::protocol::frame::coding::CloseCode as WireCode;

pub(crate) use handshake::handshake;
pub(crate) use reader::{Incoming, Reader};
pub(crate) use writer::{MAX_HEADER_BYTES, PING, close, pong, text_header};

/// The codes with which clients close that are told apart in what is counted: done, gone to another page, and none.
pub(crate) const CLIENT_CODES: [u16; 3] = [1000, 1001, 1005];

/// Why a websocket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The client is gone without a word.
    Gone,
    /// The client closed it, and is answered with its own code.
    Answered(WireCode),
    /// We close it, by our own rules.
    Policy(CloseCode),
    /// We close it because of a fault in its frames.
    Fault(Fault),
}

/// What is wrong with a client's frames (section 7.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// They break the protocol's rules.
    Frame,
    /// A message isn't UTF-8.
    Text,
    /// A message has more bytes than it may.
    Size,
}

impl Ending {
    /// What the close frame says; none if there is nobody to read it.
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

    /// The code that the client is told.
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
