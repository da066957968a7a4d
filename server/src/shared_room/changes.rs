//! The changes of a room since its connections were last served. [`SharedRoom`](super::SharedRoom)
//! keeps them.

use std::sync::atomic::{AtomicU8, Ordering};

const FOR_FOLLOWERS: u8 = 1;
const FOR_OWNER: u8 = 2;
const APPENDED: u8 = 4;

/// What has changed in a room.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Changes {
    /// There may be something new for the followers.
    pub(super) for_followers: bool,
    /// There may be something new for the owner.
    pub(super) for_owner: bool,
    /// Actions were appended.
    pub(super) appended: bool,
}

/// The changes that no thread has served yet. Any thread adds to them or takes them.
#[derive(Debug, Default)]
pub(super) struct PendingChanges(AtomicU8);

impl PendingChanges {
    /// Adds changes. The thread that takes them sees all that was written before this call.
    pub(super) fn add(&self, changes: Changes) {
        let bit = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
        let bits = bit(changes.for_followers, FOR_FOLLOWERS)
            | bit(changes.for_owner, FOR_OWNER)
            | bit(changes.appended, APPENDED);
        if bits != 0 {
            self.0.fetch_or(bits, Ordering::AcqRel);
        }
    }

    /// Whether actions were appended. Only a hint while other threads take the changes.
    pub(super) fn has_appended(&self) -> bool {
        self.0.load(Ordering::Relaxed) & APPENDED != 0
    }

    /// Takes all changes. The caller must serve the connections that they concern.
    pub(super) fn take(&self) -> Changes {
        let bits = self.0.swap(0, Ordering::AcqRel);
        Changes {
            for_followers: bits & FOR_FOLLOWERS != 0,
            for_owner: bits & FOR_OWNER != 0,
            appended: bits & APPENDED != 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_add_up_until_they_are_taken() {
        let pending = PendingChanges::default();
        let owner = Changes { for_owner: true, ..Changes::default() };
        let appended = Changes { for_followers: true, appended: true, ..Changes::default() };
        pending.add(owner);
        assert!(!pending.has_appended());
        pending.add(appended);
        assert!(pending.has_appended());
        assert_eq!(pending.take(), Changes { for_owner: true, ..appended });
        assert_eq!(pending.take(), Changes::default());
    }
}
