//! What can go wrong, and why a room ended.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use rtbroadcaster_protocol::{BroadcastError, Refusal};
use wasm_bindgen::prelude::JsValue;

use crate::decisions;
use crate::ending::Ending;

macro_rules! codes {
    ($($(#[$documentation:meta])+ $name:ident = $text:literal,)+) => {
        /// Why something failed or ended. A server that is newer than this crate may use codes that
        /// the crate doesn't know: [`Code::Other`].
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$documentation])+ $name,)+
            /// A code of the server that this crate doesn't know.
            Other(String),
        }

        impl Code {
            /// The code as text, the same as in JavaScript and on the wire. Unlike the message it
            /// is stable.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)+
                    Self::Other(text) => text,
                }
            }

            fn read(text: String) -> Self {
                match &*text {
                    $($text => Self::$name,)+
                    _ => Self::Other(text),
                }
            }
        }
    };
}

codes! {
    /// The server could not read a message, or sent one that isn't JSON.
    Malformed = "malformed",
    /// The server received a status that it doesn't know.
    UnknownStatus = "unknown_status",
    /// The server no longer speaks this crate's version of the protocol: update.
    UnsupportedVersion = "unsupported_version",
    /// A second create or join on one connection.
    AlreadyInRoom = "already_in_room",
    /// A message that needs a room, on a connection without one.
    NotInRoom = "not_in_room",
    /// Only the owner may do this.
    NotOwner = "not_owner",
    /// An owner can't detach, because it doesn't follow.
    NotFollower = "not_follower",
    /// The room doesn't exist, or no longer.
    UnknownRoom = "unknown_room",
    /// A claim with a key that isn't the room's.
    WrongOwnerKey = "wrong_owner_key",
    /// The server wants a token for this, or doesn't accept the one that it received. The message
    /// says why.
    Unauthorized = "unauthorized",
    /// The server accepts the token, but it doesn't allow this.
    Forbidden = "forbidden",
    /// This address has tried too often. The crate tries again when the server allows it, unless
    /// that is after the timeout.
    RateLimited = "rate_limited",
    /// The server is fetching the key that the token names. The crate tries again, as for
    /// [`Code::RateLimited`].
    KeysUnavailable = "keys_unavailable",
    /// The room can't be had at this moment. The crate tries again, as for
    /// [`Code::RateLimited`].
    Unavailable = "unavailable",
    /// The room has as many followers as the server allows.
    RoomFull = "room_full",
    /// The server has as many rooms as it allows.
    TooManyRooms = "too_many_rooms",
    /// The room retains as many state messages as the server allows:
    /// [`Room::clear`](crate::Room::clear) some.
    TooManySlots = "too_many_slots",
    /// The room's state messages together are as large as the server allows.
    StateTooLarge = "state_too_large",
    /// The action is larger than the server accepts.
    MessageTooLarge = "message_too_large",
    /// The params of the action are nested deeper than the server accepts.
    ParamsTooDeep = "params_too_deep",
    /// An argument is invalid; the message says which one.
    InvalidArgument = "invalid_argument",
    /// The server could not be reached in time.
    ConnectionFailed = "connection_failed",
    /// The function for tokens failed ([`RoomBuilder::token_with`](crate::RoomBuilder::token_with)).
    /// If the room was entered before, the crate asks it again at the next attempt.
    TokenFailed = "token_failed",
    /// The storage can't be used: after a reload this page won't have its room any more
    /// ([`RoomBuilder::resume`](crate::RoomBuilder::resume)). This is reported once.
    StorageUnavailable = "storage_unavailable",
    /// Too many actions wait for the server: [`Room::ready`](crate::Room::ready) says when to go
    /// on.
    QueueFull = "queue_full",
    /// The room is closed on this page.
    Closed = "closed",
    /// This page closed or left the room.
    Left = "left",
    /// Another page took the room over with its owner key.
    Superseded = "superseded",
    /// A registered function panicked; the panic's message went to the panic hook.
    FunctionFailed = "function_failed",
    /// An action came for which no function is registered. This is reported once for each function
    /// key.
    NoFunction = "no_function",
    /// The params of an action are not those that its function takes. The function was not called.
    InvalidParams = "invalid_params",
}

/// The error of everything that can fail in this crate: a stable code, and a message for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({})", .code.as_str())]
pub struct RoomError {
    code: Code,
    message: String,
    key: Option<String>,
}

impl RoomError {
    /// What went wrong, as a stable code.
    #[must_use]
    pub fn code(&self) -> &Code {
        &self.code
    }

    /// What went wrong, in words, and what to do if that is known.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The function key or slot that the error is about, if there is one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    pub(super) fn new(code: Code, message: String) -> Self {
        Self { code, message, key: None }
    }

    /// The error with this code and message: see [`decisions`].
    fn decided([code, message]: [&str; 2]) -> Self {
        Self::new(Code::read(code.to_owned()), message.to_owned())
    }

    fn because(mut self, cause: &str) -> Self {
        self.message.push_str(": ");
        self.message.push_str(cause);
        self
    }

    pub(super) fn invalid_argument(message: String) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// Adds the function key or slot that the error is about.
    pub(super) fn with_key(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    pub(super) fn no_function(key: &str) -> Self {
        let [code, before, after] = decisions::NO_FUNCTION;
        Self::decided([code, &[before, key, after].concat()]).with_key(key)
    }

    pub(super) fn function_failed(key: &str, thrown: &JsValue) -> Self {
        let message = format!("the function registered under \"{key}\" panicked: {thrown:?}");
        Self::new(Code::FunctionFailed, message).with_key(key)
    }

    pub(super) fn unreadable() -> Self {
        Self::decided(decisions::UNREADABLE)
    }

    /// The browser refused to open a websocket.
    pub(super) fn no_websocket(thrown: &JsValue) -> Self {
        Self::decided(decisions::NO_WEBSOCKET).because(&format!("{thrown:?}"))
    }

    pub(super) fn token_failed(cause: &str) -> Self {
        Self::decided(decisions::NO_TOKEN).because(cause)
    }

    pub(super) fn storage_unavailable(thrown: &JsValue) -> Self {
        let message = format!(
            "the storage can't be used: after a reload this page won't have its room any more: {thrown:?}"
        );
        Self::new(Code::StorageUnavailable, message)
    }

    pub(super) fn not_follower() -> Self {
        Self::decided(decisions::NOT_FOLLOWER)
    }

    /// The room ended before the server answered an action.
    pub(super) fn unanswered() -> Self {
        Self::decided(decisions::UNANSWERED)
    }

    pub(super) fn closed() -> Self {
        Self::decided(decisions::CLOSED)
    }
}

impl From<BroadcastError> for RoomError {
    fn from(error: BroadcastError) -> Self {
        Self::decided([error.code(), &error.message()])
    }
}

impl From<Refusal> for RoomError {
    fn from(refusal: Refusal) -> Self {
        Self::new(Code::read(refusal.code), refusal.message)
    }
}

/// Why a room ended on this page.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseReason {
    /// [`Code::Closed`]: the owner closed the room, or the room had no owner for too long.
    /// [`Code::Left`]: this page closed or left it. [`Code::Superseded`]: another page took it
    /// over. Otherwise it is the code of the refusal that ended the room,
    /// [`Code::ConnectionFailed`] or [`Code::TokenFailed`].
    pub code: Code,
    /// The same in words.
    pub message: String,
}

impl From<Ending<'_>> for CloseReason {
    fn from(Ending { code, message }: Ending<'_>) -> Self {
        Self { code: Code::read(code.to_owned()), message: message.into_owned() }
    }
}

impl From<RoomError> for CloseReason {
    fn from(RoomError { code, message, .. }: RoomError) -> Self {
        Self { code, message }
    }
}

impl From<CloseReason> for RoomError {
    fn from(CloseReason { code, message }: CloseReason) -> Self {
        Self::new(code, message)
    }
}

#[cfg(test)]
mod tests {
    use rtbroadcaster_protocol::RefusalCode;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn a_closed_room_refuses_actions_and_everything_else_alike() {
        assert_eq!(RoomError::from(BroadcastError::Closed), RoomError::closed());
    }

    #[wasm_bindgen_test]
    fn every_refusal_of_this_version_has_a_code_of_its_own() {
        for refusal in RefusalCode::ALL {
            let code = Code::read(refusal.as_str().to_owned());
            assert_eq!(code.as_str(), refusal.as_str());
            assert!(!matches!(code, Code::Other(_)), "{code:?}");
        }
        assert_eq!(Code::read("from_the_future".to_owned()), Code::Other("from_the_future".to_owned()));
    }
}
