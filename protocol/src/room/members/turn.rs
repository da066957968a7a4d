//! Who may begin to write in a turn, and who is superseded.

use super::Members;
use crate::Claim;
use crate::mutation::mutated;
use crate::room::EntryError;

impl Members {
    /// Whether a page of the seat that has the pen may write. In a turn that nobody has begun yet,
    /// it must have been handed all up to the entry that began it: so it stands where all others
    /// stand.
    pub(in crate::room) fn may_begin(&self, since: Option<u64>) -> bool {
        self.turn_began == 0 || self.turn_is_claimed || since.is_some_and(|since| since >= self.turn_began)
    }

    /// Checks that no other page has entered with the same key since this one was in the room. If
    /// it were let in, two pages would fight.
    pub(in crate::room) fn check_newest(
        &self,
        seat: u32,
        claim: &Claim<'_>,
        since: Option<u64>,
    ) -> Result<(), EntryError> {
        let newest = self.pages(seat).and_then(|pages| pages.session.as_deref());
        let was_here = claim.epoch.is_some() || since.is_some_and(|since| since > 0);
        let is_other = newest.is_some() && newest != claim.session.as_deref();
        if was_here && is_other && !mutated!(SupersededComesBack) {
            return Err(EntryError::Superseded);
        }
        Ok(())
    }

    /// From where a page follows that may not write. One that has written before was handed nothing
    /// that came after its turn; what came before is its own.
    pub(in crate::room) fn follows_from(
        &self,
        seat: u32,
        claim: &Claim<'_>,
        since: Option<u64>,
    ) -> Option<u64> {
        // 0 is what a page says that knows nothing. Its turn may have begun and ended before its
        // snapshot came.
        if since == Some(0) {
            return None;
        }
        let ended = self.pages(seat).and_then(|pages| pages.turn_ended).filter(|_| claim.epoch.is_some());
        let before_end = ended.map(|seq| seq - u64::from(!mutated!(SkipTheEndOfTurn)));
        before_end.max(since)
    }
}
