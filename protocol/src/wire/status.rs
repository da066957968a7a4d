//! The status that every message of the original has.

/// `status.value` of a message. The names are those of the original's readme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// 0: a refusal, or the end of the room.
    NotConnected,
    /// 1: create; a client asks for a new room.
    New,
    /// 2: join; a client asks to enter a room.
    Join,
    /// 3: the reply to 1 and 2, and every action.
    Connected,
    /// 4: the owner closes the room, a follower leaves it.
    Close,
}

impl Status {
    /// The status with this number on the wire. None if there is none.
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

    /// The number on the wire.
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

    /// `status.text`, as the original's readme has it.
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
