//! What a room does that other servers have replicas of: it repeats what they have done, and gives
//! up what the log has not taken.

use super::Room;
use super::restore::{Repeating, RestoreError};
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
        let is_ending = self.is_closed && self.owner.presence() == OwnerPresence::Here;
        let ending_epoch = Some(self.epoch()).filter(|_| is_ending);
        self.is_closed = rebuilt.is_none();
        if let Some(rebuilt) = rebuilt {
            self.compact = rebuilt.compact;
            self.original = self.original.take().and(rebuilt.original);
            self.slots = rebuilt.slots;
            self.owner = rebuilt.owner;
            self.shares_audience = rebuilt.shares_audience;
        }
        self.rebuilds += 1;
        self.lag_checked_at = self.head();
        self.durable = self.head();
        if let Some(staging) = &mut self.staging {
            staging.start_again(holds_owner);
        }
        self.do_again(ending_epoch);
        self.update_memory_use();
        self.note_changed();
    }

    /// Does again what was lost and what nobody else does again: that the owner has closed the
    /// room, or left it.
    fn do_again(&mut self, ending_epoch: Option<u64>) {
        if self.is_closed {
            return;
        }
        if ending_epoch == Some(self.epoch()) {
            self.close();
        } else if let Some((epoch, since)) = self.left {
            self.owner_left(epoch, since);
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
