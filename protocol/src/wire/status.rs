//! The status that every message of the original carries.

/// `status.value` of a message. The words are the original readme's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// 0: a refusal, or the end of the room.
    NotConnected,
    /// 1: a client asks for a new room.
    New,
    /// 2: a client asks to enter a room.
    Join,
    /// 3: the answer to 1 and 2, and every action.
    Connected,
    /// 4: the owner closes the room, a follower leaves it.
    Close,
}

impl Status {
    /// The status of a number on the wire.
    #[must_use]
    pub fn from_value(value: u64) -> Option<Self> {
        Some(match value {
            0 => Self::NotConnected,
            1 => Self::New,
            2 => Self::Join,
            3 => Self::Connected,
            4 => Self::Close,
            _ => return None,
        })
    }

    /// Its number on the wire.
    #[must_use]
    pub fn value(self) -> u64 {
        match self {
            Self::NotConnected => 0,
            Self::New => 1,
            Self::Join => 2,
            Self::Connected => 3,
            Self::Close => 4,
        }
    }

    /// Its `status.text`, as the original's readme writes it.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::NotConnected => "not connected",
            Self::New => "new connection",
            Self::Join => "join connection",
            Self::Connected => "connected",
            Self::Close => "close connection",
        }
    }
}
