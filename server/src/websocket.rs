//! The websocket protocol (RFC 6455) without any I/O: what a client's bytes mean, and how ours are framed.

mod reader;
mod writer;

use rtbroadcaster_protocol::CloseCode;
use tungstenite::protocol::frame::coding::CloseCode as WireCode;

pub(crate) use reader::{Incoming, Reader};
pub(crate) use writer::{PING, close, pong, text_header};

/// Why a websocket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The client is gone without a word.
    Gone,
    /// The client closed it, and is answered with its own code.
    Answered(WireCode),
    /// We close it, by our own rules.
    Policy(CloseCode),
    /// We close it because of a fault in its frames (section 7.4.1).
    Fault(WireCode, &'static str),
}

impl Ending {
    /// What the close frame says; none if there is nobody to read it.
    pub(crate) fn close_frame(self) -> Option<Vec<u8>> {
        match self {
            Self::Gone => None,
            Self::Answered(code) => Some(close(code, "")),
            Self::Policy(code) => Some(close(WireCode::from(code.value()), code.reason())),
            Self::Fault(code, reason) => Some(close(code, reason)),
        }
    }
}
