//! How the bearer of a key enters a room: it writes if its seat has the pen, and else follows.

use crate::mutation::mutated;
use crate::room::{Claimed, EntryError, KeyDigest, Room};
use crate::{Answer, Claim, ClaimKind, RefusalCode};

/// How a bearer of a key has entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemberEntry {
    /// It may write.
    Drives {
        seat: u32,
        claimed: Claimed,
        /// Whether it was handed all that the room had when its turn began.
        is_up_to_date: bool,
    },
    /// It follows.
    Follows {
        seat: u32,
        /// What its connection holds: see [`Room::seat_state`].
        entry: u64,
        /// The highest id that the room has answered to its session; 0 if none.
        answered: u64,
        /// From where it goes on. None if it knows nothing of the room.
        since: Option<u64>,
    },
}

/// Whether a connection that has entered with a key still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SeatState {
    /// It does.
    Held,
    /// Another page has entered with the same key.
    Superseded,
    /// The key is good no longer, or the request was refused.
    Revoked,
}

impl Room {
    /// Lets the bearer of a key in. `since` is the last seq that its page was handed.
    ///
    /// # Errors
    /// - `wrong_owner_key`: it is no key of the room, or good no longer.
    /// - Those of [`Room::claim`].
    pub(crate) fn enter_with_key(
        &mut self,
        key: &KeyDigest,
        claim: &Claim<'_>,
        since: Option<u64>,
    ) -> Result<MemberEntry, EntryError> {
        self.check_open()?;
        let seat = self.seat_of_key(key, claim.kind).ok_or(RefusalCode::WrongOwnerKey)?;
        if claim.kind == ClaimKind::Takes && self.members.pen != 0 && !mutated!(ClaimKeepsPen) {
            if !mutated!(SupersededTakesPen) {
                self.members.check_newest(seat, claim, since)?;
            }
            self.begin_turn_of(None, 0);
        }
        let drives = self.members.pen == seat
            && (claim.kind == ClaimKind::Takes
                || self.members.may_begin(since)
                || mutated!(DriveBeforeEntry));
        if !drives || self.members.turn_began > 0 {
            self.members.check_newest(seat, claim, since)?;
        }
        let session = claim.session.as_deref();
        if drives {
            let is_first = self.members.turn_began > 0 && !self.members.turn_is_claimed;
            let is_up_to_date = is_first && claim.kind != ClaimKind::Takes;
            let claimed = if is_first { self.claim_turn(session) } else { self.claim_again(claim)? };
            self.members.note_claimed();
            self.enter_pages(seat, session);
            return Ok(MemberEntry::Drives { seat, claimed, is_up_to_date });
        }
        let answered = session.map_or(0, |session| self.owner.answered_to(session));
        let since = self.members.follows_from(seat, claim, since);
        let entry = self.enter_pages(seat, session);
        Ok(MemberEntry::Follows { seat, entry, answered, since })
    }

    /// The answers to the actions of a session after `id`.
    pub(crate) fn answers_to(&self, session: &str, id: u64) -> Vec<Answer> {
        self.owner.answers_to(session).map_or(Vec::new(), |answers| answers.answers_after(id))
    }

    /// Whether a connection that has entered with a key still counts.
    pub(crate) fn seat_state(&self, seat: u32, entry: u64) -> SeatState {
        match self.members.pages(seat) {
            None => SeatState::Revoked,
            Some(pages) if pages.entries != entry && !mutated!(ForgetToFenceSeat) => SeatState::Superseded,
            Some(_) => SeatState::Held,
        }
    }

    /// Notes that a connection follows that has entered with a key.
    pub(crate) fn note_seat_here(&mut self, seat: u32) {
        if let Some(pages) = self.members.pages_mut(seat) {
            pages.connections += 1;
        }
    }

    /// Notes that such a connection is gone.
    pub(crate) fn note_seat_gone(&mut self, seat: u32) {
        if let Some(pages) = self.members.pages_mut(seat) {
            pages.connections = pages.connections.saturating_sub(1);
        }
    }

    /// The seat of a key that is good.
    pub(in crate::room) fn seat_of_key(&self, key: &KeyDigest, kind: ClaimKind) -> Option<u32> {
        if kind == ClaimKind::Presenter {
            let member = self.members.guest_with_key(key)?;
            return member.is_member.then_some(member.seat);
        }
        self.owner.is_key(key).then_some(0)
    }

    /// The seat of a key that is good, whosever it is.
    pub(in crate::room) fn seat_with_key(&self, key: &KeyDigest) -> Option<u32> {
        let kinds = [ClaimKind::Creator, ClaimKind::Presenter];
        kinds.into_iter().find_map(|kind| self.seat_of_key(key, kind))
    }

    fn enter_pages(&mut self, seat: u32, session: Option<&str>) -> u64 {
        // Those who have entered with the same key before are told.
        self.version += 1;
        self.members.pages_mut(seat).map_or(0, |pages| pages.enter(session))
    }

    /// Claims the room for the first page of a turn.
    fn claim_turn(&mut self, session: Option<&str>) -> Claimed {
        let presence = self.owner.presence();
        let new_session = !self.owner.is_session(session);
        let claimed = self.owner.take_over(session, new_session);
        self.note_claimed(session, claimed.epoch, presence);
        claimed
    }
}
