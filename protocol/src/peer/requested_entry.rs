//! What a client asks for when it wants to enter a room. A [`Host`](crate::Host) may decide about
//! it later.

use crate::{Create, Join, Operation, RoomId};

/// What a client asks for when it wants to enter a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedEntry<'a> {
    /// To open a room.
    Create(&'a Create<'a>),
    /// To follow a room, or to claim it.
    Join(RoomId, &'a Join<'a>),
}

impl RequestedEntry<'_> {
    /// The operation for which it needs a permission.
    #[must_use]
    pub fn operation(&self) -> Operation {
        match self {
            Self::Create(_) => Operation::Create,
            Self::Join(room, join) if join.claims_ownership() => Operation::Claim(*room),
            Self::Join(room, _) => Operation::Join(*room),
        }
    }

    /// The token of the message.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        match self {
            Self::Create(create) => create.token.as_deref(),
            Self::Join(_, join) => join.token.as_deref(),
        }
    }

    /// The name of the owner's session.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        match self {
            Self::Create(create) => create.session.as_deref(),
            Self::Join(_, join) => join.claim.as_ref()?.session.as_deref(),
        }
    }

    /// The seq from which a follower wants to go on.
    #[must_use]
    pub fn since(&self) -> Option<u64> {
        match self {
            Self::Create(_) => None,
            Self::Join(_, join) => join.since,
        }
    }
}
