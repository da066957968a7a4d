//! What the server refuses, and how it says so. `docs/codes.md` explains the same codes to users.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::error::Error;
use core::fmt;

use crate::CloseCode;

/// Why a client's message was refused: `error.code` on the wire. The codes never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalCode {
    /// The text isn't a message: not JSON, not an object, or a field of a wrong type.
    Malformed,
    /// A client may not send this `status.value`.
    UnknownStatus,
    /// `v` is below [`PROTOCOL_VERSION`](crate::PROTOCOL_VERSION).
    UnsupportedVersion,
    /// Create or join, by a connection that is in a room.
    AlreadyInRoom,
    /// An action or close, by a connection that is in no room.
    NotInRoom,
    /// An action by a follower.
    NotOwner,
    /// Join or claim: no room has that uuid.
    UnknownRoom,
    /// A claim with a key that isn't the room's.
    WrongOwnerKey,
    /// A token is needed, or the one given isn't accepted: it is unknown, has expired or has no
    /// valid signature.
    Unauthorized,
    /// The token is accepted but doesn't allow this.
    Forbidden,
    /// The client's address tried this too often. The refusal says when to try again.
    RateLimited,
    /// The server is fetching the key that the token names, or can't get it now. The refusal says
    /// when to try again.
    KeysUnavailable,
    /// The server can't reach the log that it keeps its rooms in together with other servers, takes
    /// the room from there anew, or is closing it and doesn't know yet that this is kept. The
    /// refusal says when to try again.
    Unavailable,
    /// The room has all the followers it may have.
    RoomFull,
    /// The server has all the rooms it may have.
    TooManyRooms,
    /// The room retains all the state messages it may.
    TooManySlots,
    /// The room's state messages would be too large together.
    StateTooLarge,
    /// The action is larger than `limits.messageBytes`.
    MessageTooLarge,
    /// The params of an action are nested deeper than `limits.paramsDepth`.
    ParamsTooDeep,
}

impl RefusalCode {
    /// All codes, in the order in which `docs/codes.md` lists them.
    pub const ALL: [Self; 19] = [
        Self::Malformed,
        Self::UnknownStatus,
        Self::UnsupportedVersion,
        Self::AlreadyInRoom,
        Self::NotInRoom,
        Self::NotOwner,
        Self::UnknownRoom,
        Self::WrongOwnerKey,
        Self::Unauthorized,
        Self::Forbidden,
        Self::RateLimited,
        Self::KeysUnavailable,
        Self::Unavailable,
        Self::RoomFull,
        Self::TooManyRooms,
        Self::TooManySlots,
        Self::StateTooLarge,
        Self::MessageTooLarge,
        Self::ParamsTooDeep,
    ];

    /// `error.code` on the wire.
    #[must_use]
    #[inline(always)] // A page uses three codes and doesn't load the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownStatus => "unknown_status",
            Self::UnsupportedVersion => "unsupported_version",
            Self::AlreadyInRoom => "already_in_room",
            Self::NotInRoom => "not_in_room",
            Self::NotOwner => "not_owner",
            Self::UnknownRoom => "unknown_room",
            Self::WrongOwnerKey => "wrong_owner_key",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::RateLimited => "rate_limited",
            Self::KeysUnavailable => "keys_unavailable",
            Self::Unavailable => "unavailable",
            Self::RoomFull => "room_full",
            Self::TooManyRooms => "too_many_rooms",
            Self::TooManySlots => "too_many_slots",
            Self::StateTooLarge => "state_too_large",
            Self::MessageTooLarge => "message_too_large",
            Self::ParamsTooDeep => "params_too_deep",
        }
    }

    /// The code with this `error.code` on the wire. None if this version doesn't know it.
    #[must_use]
    pub fn from_wire(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// The message for a person: what is wrong and what to do. For where nothing more precise is
    /// known.
    #[must_use]
    #[inline(always)] // As `as_str`.
    pub fn message(self) -> &'static str {
        match self {
            Self::Malformed => {
                "not a message of this protocol: docs/wire.md in the server's source shows what to send"
            }
            Self::UnknownStatus => "status.value must be 1 (new), 2 (join), 3 (action) or 4 (close)",
            Self::UnsupportedVersion => {
                "this version of the session fields isn't spoken here: send \"v\": 2, or none"
            }
            Self::AlreadyInRoom => {
                "this connection is in a room already: open another connection for another room"
            }
            Self::NotInRoom => {
                "this connection is in no room: create one (status 1) or join one (status 2) first"
            }
            Self::NotOwner => "only the room's owner may do this",
            Self::UnknownRoom => {
                "there is no room with this uuid: it is mistyped, closed, or the server was restarted"
            }
            Self::WrongOwnerKey => "the owner key isn't this room's",
            Self::Unauthorized => {
                "this needs a token: send one as \"token\" in the first message (the SDK's option `token`)"
            }
            Self::Forbidden => "the token doesn't allow this: ask whoever gave it to you for one that does",
            Self::RateLimited => "this came too often or too soon: try again after `retryAfterMs`",
            Self::KeysUnavailable => "the server is looking for the key that the token names: try again soon",
            Self::Unavailable => "the room can't be had at this moment: try again soon",
            Self::RoomFull => "the room is full: try again later",
            Self::TooManyRooms => "the server has as many rooms as it may have: try again later",
            Self::TooManySlots => "the room retains as many state messages as it may: clear slots first",
            Self::StateTooLarge => {
                "the room's state messages are too large taken together: clear slots first"
            }
            Self::MessageTooLarge => "the action is larger than limits.messageBytes: send less in one action",
            Self::ParamsTooDeep => "the params are nested deeper than limits.paramsDepth: send flatter ones",
        }
    }

    /// The code with which the server closes the connection after refusing create or join with this
    /// code. None if the connection stays open, because it can still send something better.
    #[must_use]
    pub fn closes_with(self) -> Option<CloseCode> {
        match self {
            Self::UnknownRoom => Some(CloseCode::UnknownRoom),
            Self::WrongOwnerKey | Self::UnsupportedVersion => Some(CloseCode::Refused),
            Self::Unauthorized | Self::Forbidden => Some(CloseCode::Unauthorized),
            Self::RateLimited | Self::KeysUnavailable | Self::Unavailable => Some(CloseCode::NotNow),
            Self::RoomFull | Self::TooManyRooms => Some(CloseCode::Overloaded),
            Self::Malformed
            | Self::UnknownStatus
            | Self::AlreadyInRoom
            | Self::NotInRoom
            | Self::NotOwner
            | Self::TooManySlots
            | Self::StateTooLarge
            | Self::MessageTooLarge
            | Self::ParamsTooDeep => None,
        }
    }

    /// Whether the same message may be accepted later.
    #[must_use]
    pub fn may_pass_later(self) -> bool {
        matches!(
            self,
            Self::RoomFull
                | Self::TooManyRooms
                | Self::RateLimited
                | Self::KeysUnavailable
                | Self::Unavailable
        )
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A refusal, as a client receives it: status 0 with the field `error`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `error.code`. It is text, because a newer server may have codes that this version doesn't
    /// know.
    pub code: String,
    /// `error.message` and `status.text`: what is wrong and what to do, for a person.
    pub message: String,
    /// `error.id`: the id of the owner's action that was refused.
    pub id: Option<u64>,
    /// `error.retryAfterMs`: after how many milliseconds the client may try the same again.
    pub retry_after_ms: Option<u64>,
}

impl Refusal {
    /// A refusal with the code's own message.
    #[must_use]
    #[inline(always)] // As `RefusalCode::as_str`.
    pub fn new(code: RefusalCode) -> Self {
        Self::with_message(code, code.message())
    }

    /// A refusal with a message that says more precisely what is wrong.
    #[must_use]
    #[inline(always)] // As `RefusalCode::as_str`.
    pub fn with_message(code: RefusalCode, message: impl Into<String>) -> Self {
        Self { code: code.as_str().to_owned(), message: message.into(), id: None, retry_after_ms: None }
    }

    /// A refusal for now. The client may try the same again after this many milliseconds.
    #[must_use]
    pub fn until_later(code: RefusalCode, retry_after_ms: u64) -> Self {
        Self { retry_after_ms: Some(retry_after_ms), ..Self::new(code) }
    }

    /// The refusal of a follower whose room the server has lost, while its owner may open it anew.
    #[must_use]
    pub fn lost_room(retry_after_ms: u64) -> Self {
        let message = "the server was restarted: the room is there again once its owner is back";
        Self { retry_after_ms: Some(retry_after_ms), ..Self::with_message(RefusalCode::UnknownRoom, message) }
    }

    /// The refusal of a client that asks for a short code which stands for no room.
    #[must_use]
    pub fn unknown_code() -> Self {
        let message = "no open room has this code: look whether it is typed right, or ask for a new one";
        Self::with_message(RefusalCode::UnknownRoom, message)
    }

    /// The refusal of what somebody sends who has a key of the room, and may not write now.
    #[must_use]
    pub fn somebody_else_drives() -> Self {
        let message = "somebody else drives now: wait until this seat is given the right to write";
        Self::with_message(RefusalCode::NotOwner, message)
    }

    /// The code with which the server closes the connection after refusing create or join so. See
    /// [`RefusalCode::closes_with`].
    #[must_use]
    pub fn closes_with(&self) -> Option<CloseCode> {
        match self.known_code()? {
            RefusalCode::UnknownRoom if self.retry_after_ms.is_some() => Some(CloseCode::NotNow),
            code => code.closes_with(),
        }
    }

    /// Whether the same message may be accepted later.
    #[must_use]
    pub fn may_pass_later(&self) -> bool {
        // The codes of `RefusalCode::may_pass_later`, compared as text, so that a page doesn't load
        // the table of all codes. `Unavailable` always says when, so that no page asks for it.
        let later = [
            RefusalCode::RoomFull,
            RefusalCode::TooManyRooms,
            RefusalCode::RateLimited,
            RefusalCode::KeysUnavailable,
        ];
        later.iter().any(|code| code.as_str() == self.code)
    }

    /// Its code. None if this version doesn't know it.
    #[must_use]
    pub fn known_code(&self) -> Option<RefusalCode> {
        RefusalCode::from_wire(&self.code)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.message, self.code)
    }
}

impl Error for Refusal {}

impl From<RefusalCode> for Refusal {
    #[inline(always)] // As `RefusalCode::as_str`.
    fn from(code: RefusalCode) -> Self {
        Self::new(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_wire_form_of_its_own() {
        for code in RefusalCode::ALL {
            assert_eq!(RefusalCode::from_wire(code.as_str()), Some(code));
            let refusal = Refusal::new(code);
            assert!(refusal.may_pass_later() == code.may_pass_later() || code == RefusalCode::Unavailable);
        }
        assert_eq!(RefusalCode::from_wire("from_the_future"), None);
    }

    #[test]
    fn a_lost_room_is_unknown_for_now() {
        let refusal = Refusal::lost_room(1_000);
        assert_eq!(refusal.known_code(), Some(RefusalCode::UnknownRoom));
        assert_eq!(refusal.closes_with(), Some(CloseCode::NotNow));
        assert_eq!(Refusal::from(RefusalCode::UnknownRoom).closes_with(), Some(CloseCode::UnknownRoom));
    }

    #[test]
    fn what_may_pass_later_closes_with_a_code_that_says_come_back() {
        for code in RefusalCode::ALL {
            if let Some(close) = code.closes_with() {
                assert_eq!(CloseCode::may_return(close.value()), code.may_pass_later(), "{code:?}");
            }
        }
    }
}
