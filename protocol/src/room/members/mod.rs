//! Who has a key of a room, and which of them may write.
//!
//! Each member has a *seat*, a number that names it to others; the room's creator has seat 0. One
//! seat has the *pen*, the right to write. While it has it, its *turn* lasts. A turn begins with a
//! [`Driver`](crate::Driver) entry of the log; the first one, which is the creator's, has none.

mod counts;
mod member;
mod pages;
mod turn;

pub use counts::HandOverCounts;
pub(in crate::room) use member::Member;
pub use member::{InvitedMember, MembersState};

use pages::Pages;

use crate::mutation::mutated;
use crate::{KeyDigest, Timestamp};

/// Who has a key of a room.
#[derive(Debug, Default)]
pub(in crate::room) struct Members {
    /// The pages of the creator.
    pub(in crate::room) creator: Pages,
    /// All others, and those whose requests wait.
    pub(in crate::room) guests: Vec<Member>,
    /// The seat that may write.
    pub(in crate::room) pen: u32,
    /// The seq of the entry with which its turn began. 0 in the creator's first turn.
    pub(in crate::room) turn_began: u64,
    /// Whether a page of that seat has begun to write in this turn.
    pub(in crate::room) turn_is_claimed: bool,
    /// How many requests there were.
    pub(in crate::room) requests: u64,
    /// What was not counted yet by the room's caller.
    pub(in crate::room) counts: HandOverCounts,
}

impl Members {
    /// The seat that may write.
    pub(in crate::room) fn pen(&self) -> u32 {
        self.pen
    }

    /// Bytes that they take, towards the memory of their room.
    pub(in crate::room) fn bytes(&self) -> usize {
        self.guests.iter().map(Member::bytes).sum()
    }

    /// When the next key or request expires, by the room's clock.
    pub(in crate::room) fn due(&self, clock_start_ms: u64) -> Option<Timestamp> {
        self.guests.iter().filter_map(|member| member.ends(clock_start_ms)).min()
    }

    /// Whether a page is there that has a key, and that follows.
    pub(in crate::room) fn are_here(&self) -> bool {
        self.creator.is_here() || self.guests.iter().any(|member| member.is_member && member.pages.is_here())
    }

    /// Whether a page of this seat is there, so that it can be given the pen: it follows, or it
    /// waits for an answer to its request.
    pub(in crate::room) fn is_there(&self, seat: u32) -> bool {
        self.pages(seat).is_some_and(Pages::is_here) || self.guest(seat).is_some_and(Member::is_waiting)
    }

    pub(in crate::room) fn guest(&self, seat: u32) -> Option<&Member> {
        self.guests.iter().find(|member| member.seat == seat)
    }

    pub(in crate::room) fn guest_mut(&mut self, seat: u32) -> Option<&mut Member> {
        self.guests.iter_mut().find(|member| member.seat == seat)
    }

    /// The guest with this key, which may not be good yet.
    pub(in crate::room) fn guest_with_key(&self, key: &KeyDigest) -> Option<&Member> {
        self.guests.iter().find(|member| member.key == *key)
    }

    pub(in crate::room) fn pages(&self, seat: u32) -> Option<&Pages> {
        if seat == 0 { Some(&self.creator) } else { self.guest(seat).map(|member| &member.pages) }
    }

    pub(in crate::room) fn pages_mut(&mut self, seat: u32) -> Option<&mut Pages> {
        match seat {
            0 => Some(&mut self.creator),
            seat => self.guest_mut(seat).map(|member| &mut member.pages),
        }
    }

    /// Notes that the log has an entry, at `seq`, by which another turn begins.
    pub(in crate::room) fn begin_turn(&mut self, seq: u64, seat: u32) {
        let (before, was_begun) = (self.pen, self.turn_began == 0 || self.turn_is_claimed);
        // In a turn that no page has begun, none was handed more or less than any follower.
        if let Some(pages) = self.pages_mut(before).filter(|_| was_begun || mutated!(EndTurnOfNobody)) {
            pages.turn_ended = Some(seq);
        }
        (self.pen, self.turn_began, self.turn_is_claimed) = (seat, seq, false);
        if let Some(member) = self.guest_mut(seat) {
            (member.is_member, member.waits_until) = (true, None);
        }
    }

    /// Notes that a page of the seat that has the pen has begun to write.
    pub(in crate::room) fn note_claimed(&mut self) {
        self.turn_is_claimed = true;
    }

    /// What a journal keeps of them.
    pub(in crate::room) fn state(&self) -> MembersState<'_> {
        let invited = self.guests.iter().filter(|member| member.is_member);
        MembersState {
            invited: invited.map(Member::invited).collect(),
            pen: self.pen,
            turn_began: self.turn_began,
            turn_is_claimed: self.turn_is_claimed && self.turn_began > 0,
            creator_turn_ended: self.creator.turn_ended,
        }
    }

    /// Members in this state, of whom none is there.
    pub(in crate::room) fn restored(state: &MembersState<'_>) -> Self {
        Self {
            creator: Pages { turn_ended: state.creator_turn_ended, ..Pages::default() },
            guests: state.invited.iter().map(Member::new).collect(),
            pen: state.pen,
            turn_began: state.turn_began,
            turn_is_claimed: state.turn_is_claimed,
            requests: 0,
            counts: HandOverCounts::default(),
        }
    }

    /// Repeats that somebody was invited, or that a request was accepted.
    pub(in crate::room) fn restore_invited(&mut self, invited: &InvitedMember<'_>) {
        self.remove(invited.seat);
        self.guests.push(Member::new(invited));
    }

    /// Forgets a guest.
    pub(in crate::room) fn remove(&mut self, seat: u32) -> Option<Member> {
        let at = self.guests.iter().position(|member| member.seat == seat)?;
        Some(self.guests.swap_remove(at))
    }
}
