//! Who came and went: a short log, in which each client that asked stands somewhere.

use std::collections::VecDeque;

use crate::mutation::mutated;
use crate::{Person, RosterNews, Timestamp};

/// Shortest time between two messages of who came and went, in milliseconds.
const INTERVAL_MS: u64 = 1_000;
/// People, or seats, of one kind that one message tells.
const MOST_OF_A_KIND: usize = 50;
/// Comings and goings that are remembered. Of older ones only the number is told.
const REMEMBERED: usize = 256;

/// Comings and goings, since somebody asked who is there.
#[derive(Debug, Default)]
pub(super) struct Changes {
    remembered: VecDeque<Change>,
    /// How many there were.
    count: u64,
    /// How many of them may be told now.
    told: u64,
    told_at: Option<Timestamp>,
    is_followed: bool,
    pub(super) is_followed_by_followers: bool,
}

#[derive(Debug, Clone, Copy)]
struct Change {
    seat: u32,
    came: bool,
}

impl Changes {
    /// From now on comings and goings are noted. Returns how many of them count as known.
    pub(super) fn follow(&mut self, is_follower: bool) -> u64 {
        self.is_followed = true;
        self.is_followed_by_followers |= is_follower;
        self.told
    }

    pub(super) fn note(&mut self, seat: u32, came: bool) {
        if !self.is_followed {
            return;
        }
        self.count += 1;
        if mutated!(TellRosterAtOnce) {
            self.told = self.count;
        }
        if self.remembered.len() == REMEMBERED {
            self.remembered.pop_front();
        }
        self.remembered.push_back(Change { seat, came });
    }

    /// When the next may be told. None if there are none.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let at = || self.told_at.map_or(Timestamp::default(), |at| at.after(INTERVAL_MS));
        (self.count > self.told).then(at)
    }

    /// Lets be told what there is, if that is due. Returns whether there is something.
    pub(super) fn tell(&mut self, now: Timestamp) -> bool {
        if self.due().is_none_or(|due| due > now) {
            return false;
        }
        (self.told, self.told_at) = (self.count, Some(now));
        true
    }

    /// What may be told to who knows so many of them, and how many it knows then. `person` finds
    /// who has a seat. Without `shows_people` only the number is told.
    pub(super) fn after<'a>(
        &self,
        known: u64,
        shows_people: bool,
        person: impl Fn(u32) -> Option<Person<'a>>,
    ) -> Option<(RosterNews<'a>, u64)> {
        let fresh = usize::try_from(self.told.saturating_sub(known)).ok().filter(|fresh| *fresh > 0)?;
        let first = self.count - self.remembered.len() as u64;
        let untold = usize::try_from(self.count - self.told).unwrap_or(usize::MAX);
        let end = self.remembered.len().saturating_sub(untold);
        let start = usize::try_from(known.saturating_sub(first)).unwrap_or(usize::MAX).min(end);
        let mut news = RosterNews { more: (fresh - (end - start)) as u64, ..RosterNews::default() };
        for change in self.remembered.range(start..end) {
            let has_room =
                shows_people && if change.came { news.came.len() } else { news.went.len() } < MOST_OF_A_KIND;
            match (change.came, person(change.seat)) {
                _ if !has_room => news.more += 1,
                (true, Some(person)) => news.came.push(person),
                (false, None) => news.went.push(change.seat),
                // It has gone again, or has come again at another server, which comes later.
                (true, None) | (false, Some(_)) => {}
            }
        }
        Some((news, self.told))
    }
}
