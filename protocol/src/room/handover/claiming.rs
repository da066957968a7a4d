//! How a room is claimed, and what may be done under a claim.

use super::MemberEntry;
use crate::mutation::mutated;
use crate::room::{Claimed, EntryError, KeyDigest, Record, Room, RoomNotice};
use crate::{Claim, CloseCode, OwnerPresence, RefusalCode};

impl Room {
    /// Grants ownership to the bearer of the owner key. The former owner's epoch is over then.
    ///
    /// # Errors
    /// - `wrong_owner_key`: the key isn't the room's.
    /// - `unknown_room`: the room is closed.
    /// - `unavailable`: whether that is so, or whether another session has claimed the room, isn't
    ///   kept yet; or this replica of the room is [retired](Room::retire).
    /// - [`EntryError::Superseded`]: another session has claimed the room since this one held it.
    /// - `not_owner`: another member may write, and the claim takes nothing from it.
    pub fn claim(&mut self, key: &KeyDigest, claim: &Claim<'_>) -> Result<Claimed, EntryError> {
        match self.enter_with_key(key, claim, None)? {
            MemberEntry::Drives { claimed, .. } => Ok(claimed),
            MemberEntry::Follows { .. } => Err(RefusalCode::NotOwner.into()),
        }
    }

    /// Grants a claim whose key was checked, to a session of the member that held the room last.
    pub(in crate::room) fn claim_again(&mut self, claim: &Claim<'_>) -> Result<Claimed, EntryError> {
        let presence = self.owner.presence();
        let claimed = self.owner.claim(claim, self.compact.head());
        if claimed == Err(EntryError::Superseded) && !self.is_claim_kept() {
            // The claim that came before may be lost.
            return Err(RefusalCode::Unavailable.into());
        }
        let claimed = claimed?;
        self.note_claimed(claim.session.as_deref(), claimed.epoch, presence);
        Ok(claimed)
    }

    /// Notes that a claim was granted to a session. `presence` is that of the owner before it.
    pub(in crate::room) fn note_claimed(
        &mut self,
        session: Option<&str>,
        epoch: u64,
        presence: OwnerPresence,
    ) {
        if !mutated!(ForgetToRecordClaim) {
            self.stage(&Record::Claimed { session, epoch });
        }
        if let Some(staging) = &mut self.staging {
            staging.holds_owner = true;
            staging.note_claim(epoch);
        }
        self.seen_too_late = None;
        self.version += 1;
        self.owner_version += u64::from(!mutated!(ForgetToFence));
        if presence == OwnerPresence::Away {
            self.notice(RoomNotice::OwnerBack);
        }
    }

    /// Does something as the owner under `epoch`.
    ///
    /// # Errors
    /// - `RoomClosed`: the room is closed.
    /// - `Superseded`: a newer claim is in force.
    /// - `NotNow`: the owner counts as away, the same session has claimed the room at another
    ///   server, somebody else may write now, or this replica of the room is [retired](Room::retire).
    pub fn as_owner<R>(&mut self, epoch: u64, act: impl FnOnce(&mut Self) -> R) -> Result<R, CloseCode> {
        if self.is_closed {
            Err(CloseCode::RoomClosed)
        } else if self.is_retired {
            Err(CloseCode::NotNow)
        } else if epoch != self.owner.epoch() && !mutated!(ForgetEpoch) {
            // A claim that was on its way for long may overtake a newer one of the same session.
            let is_same_session = self.owner.is_of_same_session(epoch);
            let may_return = is_same_session || self.was_passed(epoch);
            Err(if may_return { CloseCode::NotNow } else { CloseCode::Superseded })
        } else if self.owner.presence() == OwnerPresence::Away {
            // Another server took this one for gone. A claim mends that.
            Err(CloseCode::NotNow)
        } else {
            Ok(act(self))
        }
    }
}
