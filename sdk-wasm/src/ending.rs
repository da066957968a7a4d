//! Why a session ended or an attempt to connect failed, as the page is told.

use alloc::borrow::Cow;
use alloc::string::String;

use rtbroadcaster_protocol::{EndReason, Refusal};

/// A stable code, and a message for a person.
pub(crate) struct Ending<'a> {
    pub(crate) code: &'a str,
    pub(crate) message: Cow<'a, str>,
}

impl<'a> Ending<'a> {
    /// `probed` is the HTTP status of the server's last answer to a probe. It is 1 if the page may
    /// not read the answer, because the server doesn't allow the page's origin, and 0 if there was
    /// no answer. `was_in_room` says whether the page has been in its room before.
    pub(crate) fn new(reason: &'a EndReason, is_owner: bool, was_in_room: bool, probed: u16) -> Self {
        let (code, message) = match reason {
            EndReason::RoomClosed => ("closed", "the room was closed by its owner, or had none for too long"),
            EndReason::Left if is_owner => ("left", "this page closed the room"),
            EndReason::Left => ("left", "this page left the room"),
            EndReason::Superseded => (
                "superseded",
                "another page took this room over with its owner key: claim it again to take it back",
            ),
            EndReason::ConnectionFailed => {
                return Self { code: "connection_failed", message: not_reached(probed) };
            }
            EndReason::Refused(Refusal { code, .. }) if was_in_room && code == "unknown_room" => {
                (&**code, "the server has lost this room")
            }
            EndReason::Refused(Refusal { code, message, .. }) => (&**code, &**message),
        };
        Self { code, message: message.into() }
    }
}

fn not_reached(probed: u16) -> Cow<'static, str> {
    match probed {
        0 => "no connection to the server: check its address, http or https, and the network".into(),
        1 | 403 => "the server answers, but must allow this page's origin".into(),
        _ => {
            let mut message =
                String::from("no connection to the server: its address answers with HTTP status ");
            for unit in [100, 10, 1] {
                message.push(char::from(b'0' + (probed / unit % 10) as u8));
            }
            message.into()
        }
    }
}
