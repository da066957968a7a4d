//! A page of the simulation of hand-overs: what it knows of its room, and what it has sent.

use std::collections::{BTreeMap, VecDeque};

use super::connection::Connection;

/// Who a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// The one that has opened the room.
    Creator,
    /// The bearer of a key, by its number. It may have that by an invitation, or ask with it.
    Guest(usize),
    /// It has no key, and follows.
    Follower,
    /// It has the owner key, and knows no seats.
    Elder,
}

/// What became of something that a page has sent under an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    Taken,
    Refused,
    /// The room has said that it was never taken.
    NeverTaken,
}

/// What waits for its answer under an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Act,
    Drive(u32),
}

/// What a page has asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    Invite {
        key: usize,
        expires_ms: Option<u64>,
    },
    Request,
    Refuse(u32),
    Revoke(u32),
    TakeBack,
    /// Something that it may not ask.
    Forbidden(String),
}

/// A page.
#[derive(Debug)]
pub(super) struct HandOverPage {
    pub(super) who: Who,
    /// How often it was loaded.
    pub(super) life: u32,
    pub(super) connection: Option<Connection>,
    /// It doesn't come back by itself.
    pub(super) is_away: bool,
    /// What is sent to it and by it waits.
    pub(super) is_slow: bool,
    /// It was superseded, or has left. Only a reload brings it back.
    pub(super) has_ended: bool,
    /// Whether it holds a key that is good, as far as it knows.
    pub(super) has_key: bool,
    /// Whether the reply has come on this connection.
    pub(super) is_connected: bool,
    /// Whether it was in the room.
    pub(super) has_entered: bool,
    /// Whether it may write, by the last reply.
    pub(super) drives: bool,
    /// The last epoch that it had.
    pub(super) epoch: Option<u64>,
    /// The last seq that it was handed.
    pub(super) applied: u64,
    /// Whether it was handed all that was up to then.
    pub(super) has_state: bool,
    /// In a snapshot: the driver that it has named so far.
    pub(super) snapshot: Option<u32>,
    /// What it had been handed when it began to drive, and whether it knew nothing.
    pub(super) began_at: (u64, bool),
    pub(super) seat: Option<u32>,
    /// Who drives, as far as it knows.
    pub(super) driver: u32,
    pub(super) outbox: VecDeque<(u64, Wish)>,
    pub(super) last_id: u64,
    /// The highest id that it has an answer to.
    pub(super) acknowledged: u64,
    pub(super) answered: BTreeMap<u64, Answered>,
    pub(super) asks: BTreeMap<u64, Question>,
    pub(super) last_ask: u64,
    /// Its request waits, as far as it knows.
    pub(super) requests: bool,
}

impl HandOverPage {
    pub(super) fn new(who: Who) -> Self {
        Self {
            who,
            life: 0,
            connection: None,
            is_away: matches!(who, Who::Elder),
            is_slow: false,
            has_ended: false,
            has_key: matches!(who, Who::Creator | Who::Elder),
            is_connected: false,
            has_entered: false,
            drives: false,
            epoch: None,
            applied: 0,
            has_state: false,
            snapshot: None,
            began_at: (0, false),
            seat: None,
            driver: 0,
            outbox: VecDeque::new(),
            last_id: 0,
            acknowledged: 0,
            answered: BTreeMap::new(),
            asks: BTreeMap::new(),
            last_ask: 0,
            requests: false,
        }
    }

    /// The same page, loaded anew. Its key is in its address.
    pub(super) fn reloaded(&self, has_key: bool) -> Self {
        Self {
            life: self.life + 1,
            has_key: has_key || matches!(self.who, Who::Creator | Who::Elder),
            is_slow: self.is_slow,
            is_away: false,
            ..Self::new(self.who)
        }
    }

    /// The name of its session.
    pub(super) fn session(&self, index: usize) -> String {
        format!("session-{index}-{}", self.life)
    }

    /// Whether it speaks of seats.
    pub(super) fn knows_seats(&self) -> bool {
        self.who != Who::Elder
    }

    /// Whether it must have the pen's right now, as far as it knows: then it enters anew.
    pub(super) fn may_begin(&self) -> bool {
        let is_mine = self.seat == Some(self.driver) && self.has_key && self.knows_seats();
        is_mine && !self.drives && self.is_connected && self.has_state && self.snapshot.is_none()
    }

    /// Forgets what it had on its former connection.
    pub(super) fn start_again(&mut self) {
        (self.is_connected, self.snapshot) = (false, None);
    }

    pub(super) fn wish(&mut self, wish: Wish) -> u64 {
        self.last_id += 1;
        self.outbox.push_back((self.last_id, wish));
        self.last_id
    }
}
