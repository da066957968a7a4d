//! Who may do what.

use crate::RoomId;

/// Something for which a permission may be needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// To open a new room.
    Create,
    /// To claim the ownership of a room; its owner key is needed as well.
    Claim(RoomId),
    /// To follow a room.
    Join(RoomId),
}

/// What the bearer of a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permissions {
    /// Where rooms may be owned.
    pub own: Scope,
    /// Which rooms may be followed.
    pub follow: Scope,
}

/// The rooms that a permission is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// None.
    Nowhere,
    /// This one. A new room is never it: nobody knows its id before.
    Room(RoomId),
    /// Every room, new ones included.
    Everywhere,
}

impl Permissions {
    /// To do everything.
    pub const ALL: Self = Self { own: Scope::Everywhere, follow: Scope::Everywhere };

    /// Whether they are enough for this.
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
