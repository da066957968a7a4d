//! What a client may do in rooms. The server's `access` makes these out of tokens; a
//! [`Peer`](crate::Peer) asks for them.

use crate::RoomId;

/// An operation for which a permission may be needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Open a new room.
    Create,
    /// Claim the ownership of a room. The owner key is needed as well.
    Claim(RoomId),
    /// Follow a room.
    Join(RoomId),
}

impl Operation {
    /// The room that it is about. None for one that is to be opened.
    #[must_use]
    pub fn room(self) -> Option<RoomId> {
        match self {
            Self::Create => None,
            Self::Claim(room) | Self::Join(room) => Some(room),
        }
    }
}

/// What a client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permissions {
    /// Which rooms it may own.
    pub own: Scope,
    /// Which rooms it may follow.
    pub follow: Scope,
}

/// The rooms that a permission is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// No room.
    Nowhere,
    /// This room. It is never a new one, because nobody knows a new room's id beforehand.
    Room(RoomId),
    /// Every room, new ones included.
    Everywhere,
}

impl Permissions {
    /// Everything is allowed.
    pub const ALL: Self = Self { own: Scope::Everywhere, follow: Scope::Everywhere };

    /// Whether this operation is allowed.
    #[must_use]
    pub fn allow(self, operation: Operation) -> bool {
        match operation {
            Operation::Create => self.own == Scope::Everywhere,
            Operation::Claim(room) => self.own.has(room),
            Operation::Join(room) => self.follow.has(room),
        }
    }
}

impl Scope {
    fn has(self, room: RoomId) -> bool {
        match self {
            Self::Nowhere => false,
            Self::Room(only) => only == room,
            Self::Everywhere => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_for_one_room_allows_neither_another_nor_a_new_one() {
        let (one, other) = (RoomId::from_random(1), RoomId::from_random(2));
        let permissions = Permissions { own: Scope::Room(one), follow: Scope::Room(one) };
        assert!(permissions.allow(Operation::Claim(one)) && permissions.allow(Operation::Join(one)));
        for operation in [Operation::Create, Operation::Claim(other), Operation::Join(other)] {
            assert!(!permissions.allow(operation), "{operation:?}");
        }
    }

    #[test]
    fn permission_to_follow_does_not_include_owning_nor_the_reverse() {
        let room = RoomId::from_random(1);
        let follows = Permissions { own: Scope::Nowhere, follow: Scope::Everywhere };
        let owns = Permissions { own: Scope::Everywhere, follow: Scope::Nowhere };
        assert!(
            follows.allow(Operation::Join(room))
                && !follows.allow(Operation::Create)
                && !follows.allow(Operation::Claim(room))
        );
        assert!(
            owns.allow(Operation::Create)
                && owns.allow(Operation::Claim(room))
                && !owns.allow(Operation::Join(room))
        );
        for operation in [Operation::Create, Operation::Claim(room), Operation::Join(room)] {
            assert!(Permissions::ALL.allow(operation));
        }
    }
}
