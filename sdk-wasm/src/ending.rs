//! Why a session ended, as the page is told.

use alloc::borrow::Cow;

use rtbroadcaster_protocol::{EndReason, Refusal};

/// A stable code, and a message for a person.
pub(crate) struct Ending {
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: Cow<'static, str>,
}

impl Ending {
    pub(crate) fn new(reason: EndReason, is_owner: bool) -> Self {
        let (code, message) = match reason {
            EndReason::RoomClosed => ("closed", "the room was closed by its owner, or had none for too long"),
            EndReason::Left if is_owner => ("left", "this page closed the room"),
            EndReason::Left => ("left", "this page left the room"),
            EndReason::Superseded => (
                "superseded",
                "another page took this room over with its owner key: claim it again to take it back",
            ),
            EndReason::ConnectionFailed => (
                "connection_failed",
                "the server could not be reached in time: check its address, the network and that it allows this \
                 page's origin",
            ),
            EndReason::Refused(Refusal { code, message, .. }) => {
                return Self { code: code.into(), message: message.into() };
            }
        };
        Self { code: code.into(), message: message.into() }
    }
}
