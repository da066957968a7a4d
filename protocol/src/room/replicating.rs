//! What a room does that other servers have replicas of: it repeats what they have done, and gives
//! up what the log has not taken.

use super::Room;
use super::restore::{Repeating, RestoreError};
use super::staging::Left;
use crate::{Audience, Mark, OwnerPresence, Records, Timestamp};

impl Room {
    /// Repeats what another server has done to the room. Nothing may be staged that isn't kept.
    /// `holds_owner` says whether this server has the owner's connection after that. Returns
    /// whether a checkpoint is among the records.
    ///
    /// # Errors
    /// The records can't follow what this room is. It is to be made anew out of all records.
    pub fn repeat(
        &mut self,
        records: &[u8],
        holds_owner: bool,
        now: Timestamp,
    ) -> Result<bool, RestoreError> {
        // What is repeated isn't staged once more.
        let staging = self.staging.take();
        let repeated = self.repeat_each(records, now);
        self.staging = staging;
        if let Some(staging) = &mut self.staging {
            staging.holds_owner = holds_owner;
        }
        self.durable = self.head();
        self.note_changed();
        repeated
    }

    fn repeat_each(&mut self, records: &[u8], now: Timestamp) -> Result<bool, RestoreError> {
        let mut repeating = Repeating::live(self);
        let mut has_checkpoint = false;
        for record in Records::new(records) {
            let record = record?;
            if record.is_whole_state() {
                // The room is that already: all records before it were repeated.
                has_checkpoint = true;
                repeating.check(self, &record)?;
            } else {
                repeating.apply(self, &record)?;
            }
        }
        if repeating.has_left() {
            self.owner.restore_away(now, 0);
        }
        Ok(has_checkpoint)
    }

    /// Gives up everything that the log has not taken yet, and makes the room what the log says. A
    /// room without a successor was closed. `holds_owner` is as for [`Room::repeat`]. Followers
    /// stay; whoever waits for what is given up is told that it is [lost](Room::is_lost).
    pub fn replace(&mut self, rebuilt: Option<Self>, holds_owner: bool) {
        self.lose_unkept();
        self.is_closed = rebuilt.as_ref().is_none_or(Self::is_closed);
        if let Some(rebuilt) = rebuilt {
            self.replace_lanes(&rebuilt);
            self.compact = rebuilt.compact;
            self.original = self.original.take().and(rebuilt.original);
            self.slots = rebuilt.slots;
            self.owner = rebuilt.owner;
            self.shares_audience = rebuilt.shares_audience;
            self.has_clock = rebuilt.has_clock;
            self.roster.is_shared = rebuilt.roster.is_shared;
            self.members = rebuilt.members;
            self.code = rebuilt.code;
            self.durable = self.head();
        }
        // Of a closed room whose log is deleted, nothing more is served than was kept here.
        let closed_in = self.keep_own_claims(holds_owner);
        self.rebuilds += 1;
        self.lag_checked_at = self.head();
        if let Some(staging) = &mut self.staging {
            staging.start_again(holds_owner);
        }
        self.do_again(closed_in);
        self.update_memory_use();
        self.note_changed();
    }

    /// Forgets what was done under claims that are lost: others have their epochs now. Returns the
    /// claim under which the room was closed. A claim with the newest epoch is in the log if that
    /// names this server, though the entry may have been deleted before it was seen here.
    fn keep_own_claims(&mut self, holds_owner: bool) -> Option<u64> {
        let (epoch, staging) = (self.owner.epoch(), self.staging.as_ref()?);
        let is_ours = |other: u64| staging.is_claim_kept(other) || (holds_owner && other == epoch);
        self.left.retain(|left| is_ours(left.epoch));
        self.seen_too_late = (holds_owner && !staging.is_claim_kept(epoch)).then_some(epoch);
        self.closed_in.take().filter(|closed_in| is_ours(*closed_in))
    }

    /// Whether the log has taken the claim that started this epoch, although it counts as lost
    /// here.
    pub(crate) fn has_seen_too_late(&self, epoch: u64) -> bool {
        self.seen_too_late == Some(epoch)
    }

    /// Does again what was lost and what nobody else does again: that the owner has closed the
    /// room, or left it.
    fn do_again(&mut self, closed_in: Option<u64>) {
        if self.is_closed {
            return;
        }
        if closed_in == Some(self.epoch()) {
            self.close();
            // It may be lost once more.
            self.closed_in = closed_in;
        } else if let Some(left) = self.left.iter().find(|left| left.epoch == self.epoch()).copied() {
            self.owner_left(left.epoch, left.since);
        }
    }

    /// Whether the claim in force is kept.
    pub(super) fn is_claim_kept(&self) -> bool {
        self.staging.as_ref().is_none_or(|staging| staging.is_claim_kept(self.epoch()))
    }

    /// Notes that the connection of a claim is gone, for the case that the log doesn't take that.
    pub(super) fn note_left(&mut self, epoch: u64, since: Timestamp) {
        if self.unkept_mark().is_none() {
            self.left.clear();
        }
        if self.staging.is_some() {
            self.left.push(Left { epoch, since });
        }
    }

    /// Gives up everything that is staged and not kept.
    pub fn lose_unkept(&mut self) {
        if let Some(staging) = &mut self.staging {
            staging.lose_unkept();
            let kept = staging.kept;
            self.observation.waiting.retain(|(mark, _)| mark.records <= kept);
            self.note_changed();
        }
    }

    /// Whether what was staged up to `mark` will never be kept: another server's change came first.
    #[must_use]
    pub fn is_lost(&self, mark: Mark) -> bool {
        self.staging.as_ref().is_some_and(|staging| staging.lost.has(mark.records))
    }

    /// Whether this server has the owner's connection.
    #[must_use]
    pub fn holds_owner(&self) -> bool {
        self.owner.presence() == OwnerPresence::Here
            && self.staging.as_ref().is_none_or(|staging| staging.holds_owner)
    }

    /// Whether some of its followers need the original rendering.
    #[must_use]
    pub fn has_original(&self) -> bool {
        self.original.is_some()
    }

    /// Whether nobody is in the room on this server.
    #[must_use]
    pub fn is_vacant(&self) -> bool {
        self.followers.len() == 0 && !self.holds_owner()
    }

    /// Sets how many followers have connections to other servers.
    pub fn set_audience_elsewhere(&mut self, audience: Audience) {
        self.audience.set_elsewhere(audience);
    }

    /// How many followers have connections to other servers, as was set last.
    #[must_use]
    pub fn audience_elsewhere(&self) -> Audience {
        self.audience.elsewhere()
    }

    /// Bytes of the state messages: about what a checkpoint takes.
    #[must_use]
    pub fn state_bytes(&self) -> usize {
        self.slots.bytes()
    }

    /// How many followers have connections to this server, by the newest count.
    #[must_use]
    pub fn audience_here(&self) -> Audience {
        self.audience.here()
    }

    /// Lets nobody enter any more, and sends everybody away to come back: another replica is made
    /// then.
    pub fn retire(&mut self) {
        self.is_retired = true;
        self.note_changed();
    }

    /// Whether [`Room::retire`] was called.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.is_retired
    }

    /// Notes that the owner has no connection any more, because the server is gone to which it had
    /// one.
    pub fn owner_vanished(&mut self, now: Timestamp) {
        self.owner_is_gone(self.epoch(), now);
    }

    fn note_changed(&mut self) {
        self.version += 1;
        self.owner_version += 1;
    }
}
