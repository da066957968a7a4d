//! How many follow a room, counted at most once a second. The room counts when its alarm is due.
//! The owner is told, and the followers too if the owner allows it.

use crate::room::followers::Followers;
use crate::{Audience, Timestamp};

/// Shortest time between two counts, in milliseconds.
const INTERVAL_MS: u64 = 1_000;

/// The newest count, and whether another one is needed.
#[derive(Debug, Default)]
pub(crate) struct AudienceCount {
    current: Audience,
    counted_at: Option<Timestamp>,
    /// The room's head at that time. A follower that hasn't been served it by the next count lags.
    counted_head: u64,
    /// Whether something has happened that may change the count.
    is_outdated: bool,
    /// The followers with connections to other servers.
    elsewhere: Audience,
    /// Those of them that were told with the last count.
    told_elsewhere: Audience,
}

impl AudienceCount {
    /// All followers.
    pub(crate) fn current(&self) -> Audience {
        Audience {
            connected: self.current.connected + self.elsewhere.connected,
            lagging: self.current.lagging + self.elsewhere.lagging,
        }
    }

    /// The followers with connections to this server.
    pub(crate) fn here(&self) -> Audience {
        self.current
    }

    /// The followers with connections to other servers.
    pub(crate) fn elsewhere(&self) -> Audience {
        self.elsewhere
    }

    /// Sets how many follow on other servers. The next count tells it.
    pub(crate) fn set_elsewhere(&mut self, audience: Audience) {
        self.is_outdated |= std::mem::replace(&mut self.elsewhere, audience) != audience;
    }

    pub(crate) fn note_change(&mut self) {
        self.is_outdated = true;
    }

    /// When to count again, if another count is needed.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.is_outdated.then(|| self.counted_at.map_or(Timestamp::default(), |at| at.after(INTERVAL_MS)))
    }

    /// Counts if a count is due. Returns whether the count differs from the one before.
    pub(crate) fn count(&mut self, now: Timestamp, followers: &Followers, head: u64) -> bool {
        if self.due().is_none_or(|due| due > now) {
            return false;
        }
        let counted = followers.audience(self.counted_head);
        let differs = counted != self.current || self.elsewhere != self.told_elsewhere;
        self.told_elsewhere = self.elsewhere;
        // If some lag, or may not have been served the head yet, the next count may differ.
        self.is_outdated = counted.lagging > 0 || (counted.connected > 0 && self.counted_head != head);
        self.current = counted;
        self.counted_at = Some(now);
        self.counted_head = head;
        differs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rendering;

    #[test]
    fn counts_at_most_once_a_second_and_until_no_follower_lags() {
        let mut followers = Followers::default();
        let mut count = AudienceCount::default();
        assert_eq!(count.due(), None);
        let slow = followers.add(Rendering::Compact, 0);
        count.note_change();
        assert!(count.count(Timestamp(100), &followers, 7));
        assert_eq!(count.current(), Audience { connected: 1, lagging: 0 });
        assert_eq!(count.due(), Some(Timestamp(1_100)));
        assert!(!count.count(Timestamp(1_099), &followers, 7), "too early");
        assert!(count.count(Timestamp(1_100), &followers, 7));
        assert_eq!(count.current(), Audience { connected: 1, lagging: 1 });
        followers.note_served(slow, 7);
        assert!(count.count(Timestamp(2_100), &followers, 7));
        assert_eq!(count.current(), Audience { connected: 1, lagging: 0 });
        assert_eq!(count.due(), None);
    }
}
