//! Somebody who was invited, or asks to be.

use std::borrow::Cow;

use super::pages::Pages;
use crate::mutation::mutated;
use crate::{KeyDigest, Timestamp};

/// Bytes of a member beside its texts.
const MEMBER_BYTES: usize = 256;

/// Somebody who was invited, or asks to be.
#[derive(Debug)]
pub(in crate::room) struct Member {
    pub(in crate::room) seat: u32,
    pub(in crate::room) key: KeyDigest,
    pub(in crate::room) name: Option<String>,
    /// When its key expires, in milliseconds since 1970.
    pub(in crate::room) expires_ms: Option<u64>,
    /// Whether its key is good. If not, it has asked for that.
    pub(in crate::room) is_member: bool,
    /// Until when its request for the pen waits for an answer. None if it has none.
    pub(in crate::room) waits_until: Option<Timestamp>,
    /// The number of its newest request, counted from 1 for all of the room. 0 if it had none.
    pub(in crate::room) request: u64,
    pub(in crate::room) pages: Pages,
}

impl Member {
    pub(in crate::room) fn new(invited: &InvitedMember<'_>) -> Self {
        Self {
            seat: invited.seat,
            key: invited.key,
            name: invited.name.as_deref().map(str::to_owned),
            expires_ms: invited.expires_ms,
            is_member: true,
            waits_until: None,
            request: 0,
            pages: Pages { turn_ended: invited.turn_ended, ..Pages::default() },
        }
    }

    /// Whether its request waits for an answer.
    pub(in crate::room) fn is_waiting(&self) -> bool {
        self.waits_until.is_some()
    }

    /// When its key or its request ends, by the clock of the room's caller.
    pub(in crate::room) fn ends(&self, clock_start_ms: u64) -> Option<Timestamp> {
        let expires_ms = self.expires_ms.filter(|_| !mutated!(KeepExpiredSeat));
        let expires = expires_ms.map(|expires| Timestamp(expires.saturating_sub(clock_start_ms)));
        self.waits_until.into_iter().chain(expires).min()
    }

    /// Whether its key was good for long enough.
    pub(in crate::room) fn has_expired(&self, clock_start_ms: u64, now: Timestamp) -> bool {
        self.expires_ms.is_some_and(|expires| expires <= clock_start_ms.saturating_add(now.0))
    }

    pub(in crate::room) fn bytes(&self) -> usize {
        MEMBER_BYTES + self.name.as_ref().map_or(0, String::len)
    }

    /// What a journal keeps of it.
    pub(in crate::room) fn invited(&self) -> InvitedMember<'_> {
        InvitedMember {
            seat: self.seat,
            key: self.key,
            name: self.name.as_deref().map(Cow::Borrowed),
            expires_ms: self.expires_ms,
            turn_ended: self.pages.turn_ended,
        }
    }
}

/// Somebody who was invited, as a journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitedMember<'a> {
    /// The number that names it to others in the room.
    pub seat: u32,
    /// The digest of its key.
    pub key: KeyDigest,
    /// What others are to call it.
    pub name: Option<Cow<'a, str>>,
    /// When its key expires, in milliseconds since 1970.
    pub expires_ms: Option<u64>,
    /// The seq of the entry that ended its last turn.
    pub turn_ended: Option<u64>,
}

/// All that a journal keeps of a room's members.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MembersState<'a> {
    /// Those who were invited.
    pub invited: Vec<InvitedMember<'a>>,
    /// The seat that may write.
    pub pen: u32,
    /// The seq of the entry with which its turn began. 0 in the creator's first turn.
    pub turn_began: u64,
    /// Whether a page of that seat has begun to write in this turn.
    pub turn_is_claimed: bool,
    /// The seq of the entry that ended the creator's last turn.
    pub creator_turn_ended: Option<u64>,
}

impl MembersState<'_> {
    /// Whether nobody was ever invited, and only the creator has written.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.invited.is_empty() && self.turn_began == 0
    }
}
