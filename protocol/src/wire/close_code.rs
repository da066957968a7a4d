//! Why the server closed a connection, and whether the client may come back. The server sends these
//! codes; a page's session reads them.

/// The close codes that this protocol adds to those of RFC 6455 section 7.4.
///
/// The range says what to do, so that a client need not know every code: 4000–4499 mean "come back
/// later", 4500–4999 mean "don't". Faults in frames have RFC 6455's own codes: 1002 protocol error,
/// 1007 not UTF-8, 1009 message too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// 4000: the server ends or restarts.
    ShuttingDown,
    /// 4001: the client sent neither create nor join within the handshake timeout.
    HandshakeTimeout,
    /// 4002: the client sent nothing for too long, not even an answer to a ping.
    IdleTimeout,
    /// 4003: the client took nothing of what was sent to it for too long.
    TooSlow,
    /// 4004: the server or the room is full.
    Overloaded,
    /// 4005: the client's address tried too often, its token can't be judged at this moment, or its
    /// room waits for its owner after a restart.
    NotNow,
    /// 4500: the owner or an operator closed the room, or the owner was away for longer than its
    /// grace.
    RoomClosed,
    /// 4501: the client left the room, as it asked to.
    Left,
    /// 4502: a newer claim of ownership is in force.
    Superseded,
    /// 4503: there is no such room.
    UnknownRoom,
    /// 4504: the first message was refused for good.
    Refused,
    /// 4505: the token, or the lack of one, doesn't allow what was asked for.
    Unauthorized,
    /// 4506: an operator disconnected the client's address.
    Disconnected,
}

impl CloseCode {
    /// The first of all close codes (RFC 6455 section 7.4.2).
    pub const FIRST: u16 = 1000;

    /// All codes, in the order of their numbers.
    pub const ALL: [Self; 13] = [
        Self::ShuttingDown,
        Self::HandshakeTimeout,
        Self::IdleTimeout,
        Self::TooSlow,
        Self::Overloaded,
        Self::NotNow,
        Self::RoomClosed,
        Self::Left,
        Self::Superseded,
        Self::UnknownRoom,
        Self::Refused,
        Self::Unauthorized,
        Self::Disconnected,
    ];

    /// The code's number on the wire.
    #[must_use]
    pub fn value(self) -> u16 {
        match self {
            Self::ShuttingDown => 4000,
            Self::HandshakeTimeout => 4001,
            Self::IdleTimeout => 4002,
            Self::TooSlow => 4003,
            Self::Overloaded => 4004,
            Self::NotNow => 4005,
            Self::RoomClosed => 4500,
            Self::Left => 4501,
            Self::Superseded => 4502,
            Self::UnknownRoom => 4503,
            Self::Refused => 4504,
            Self::Unauthorized => 4505,
            Self::Disconnected => 4506,
        }
    }

    /// The reason that the close frame gives; at most 123 bytes (RFC 6455 section 5.5).
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::ShuttingDown => "the server is shutting down, come back",
            Self::HandshakeTimeout => "neither create nor join was sent in time",
            Self::IdleTimeout => "nothing was heard for too long",
            Self::TooSlow => "nothing was read for too long",
            Self::Overloaded => "full, come back later",
            Self::NotNow => "not now, come back later",
            Self::RoomClosed => "the room is closed",
            Self::Left => "left",
            Self::Superseded => "another connection claimed this room",
            Self::UnknownRoom => "there is no such room",
            Self::Refused => "refused",
            Self::Unauthorized => "not allowed with this token, or without one",
            Self::Disconnected => "disconnected by whoever looks after the server",
        }
    }

    /// Whether a client may connect again after a close with this number. It may not after
    /// 4500–4999, and not after 1009, because the same message would be too large again.
    #[must_use]
    pub fn may_return(value: u16) -> bool {
        !matches!(value, 4500..=4999 | 1009)
    }

    /// The code with this number on the wire. None if this version knows no such code.
    #[must_use]
    pub fn from_value(value: u16) -> Option<Self> {
        Some(match value {
            4000 => Self::ShuttingDown,
            4001 => Self::HandshakeTimeout,
            4002 => Self::IdleTimeout,
            4003 => Self::TooSlow,
            4004 => Self::Overloaded,
            4005 => Self::NotNow,
            4500 => Self::RoomClosed,
            4501 => Self::Left,
            4502 => Self::Superseded,
            4503 => Self::UnknownRoom,
            4504 => Self::Refused,
            4505 => Self::Unauthorized,
            4506 => Self::Disconnected,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_distinct_and_their_reasons_fit_a_close_frame() {
        for (index, code) in CloseCode::ALL.into_iter().enumerate() {
            assert_eq!(CloseCode::ALL.iter().position(|other| other.value() == code.value()), Some(index));
            assert_eq!(CloseCode::from_value(code.value()), Some(code));
            assert!(code.reason().len() <= 123);
        }
    }

    #[test]
    fn the_range_says_whether_a_client_may_come_back() {
        assert!(CloseCode::may_return(CloseCode::ShuttingDown.value()));
        assert!(CloseCode::may_return(1006));
        assert!(!CloseCode::may_return(CloseCode::Superseded.value()));
        assert!(!CloseCode::may_return(1009));
    }
}
