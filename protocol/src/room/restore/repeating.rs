//! Repeats what the records of a room say.

use super::error::RestoreError;
use crate::room::log::Log;
use crate::room::log::slots::Slots;
use crate::room::members::Members;
use crate::room::ownership::Ownership;
use crate::room::record::{Checkpoint, Record};
use crate::room::{KeyDigest, Room};

/// No room ever has a seq, an epoch or an id as large as this. In a record it is damage, and the
/// next number might not exist.
const MAX_NUMBER: u64 = u64::MAX / 2;

/// What is known of a room while its records are repeated, beside the room itself.
#[derive(Debug, Default)]
pub(in crate::room) struct Repeating {
    /// Since when the owner is away. None if it has a connection.
    away_since_ms: Option<u64>,
    /// Whether the first seq of the log is known.
    has_log: bool,
    /// Whether there was a record of the opening or a checkpoint. Before it, only the ring counts.
    has_state: bool,
    /// Whether the log is kept in the original rendering too.
    renders_original: bool,
}

impl Repeating {
    /// Goes on with a room that is whole already.
    pub(in crate::room) fn live(room: &Room) -> Self {
        let renders_original = room.original.is_some();
        Self { away_since_ms: None, has_log: true, has_state: true, renders_original }
    }

    pub(in crate::room) fn render_original(&mut self) {
        self.renders_original = true;
    }

    /// Since when the owner is away, in milliseconds since 1970, as far as the records say it.
    pub(in crate::room) fn away_since_ms(&self) -> Option<u64> {
        self.away_since_ms
    }

    /// Whether the records say that the owner is away.
    pub(in crate::room) fn has_left(&self) -> bool {
        self.away_since_ms.is_some()
    }

    /// Whether all that the room is apart from its ring is known.
    pub(in crate::room) fn has_state(&self) -> bool {
        self.has_state
    }

    /// Repeats what the next record says.
    pub(in crate::room) fn apply(
        &mut self,
        room: &mut Room,
        record: &Record<'_>,
    ) -> Result<(), RestoreError> {
        if room.is_closed {
            return Err(RestoreError::Incomplete);
        }
        match record {
            Record::Opened { key, session, code } => {
                self.open(room, *key, *session)?;
                room.code = *code;
            }
            Record::Acted { by, id, seq, action } => {
                self.expect_seq(room, *seq)?;
                acting_for(room, *by, *id, |room| room.append_action(*id, *action))?;
            }
            Record::Cleared { by, id, seq, slot } => {
                self.expect_seq(room, *seq)?;
                acting_for(room, *by, *id, |room| room.append_clear(*id, slot))?;
            }
            Record::Entered { by, id, seq, entry } => {
                self.expect_seq(room, *seq)?;
                acting_for(room, *by, *id, |room| room.append_entry(*id, entry))?;
            }
            Record::Invited(invited) => room.members.restore_invited(invited),
            Record::Revoked(seat) => {
                room.members.remove(*seat);
            }
            Record::Voted(votes) => room.restore_votes(votes),
            Record::Refused { by, refusal } => {
                acting_for(room, *by, refusal.id, |room| room.refuse(refusal.id, refusal.clone()))?;
            }
            Record::Claimed { session, epoch } => {
                let restored = room.owner.restore_claim(*session);
                ensure(restored == *epoch || !self.has_state)?;
                room.members.note_claimed();
                self.away_since_ms = None;
            }
            Record::Away { epoch, since_ms } => {
                ensure(room.epoch() == *epoch || !self.has_state)?;
                self.away_since_ms = Some(*since_ms);
            }
            Record::SharesAudience(shares) => room.shares_audience = *shares,
            Record::HasClock(has_clock) => room.has_clock = *has_clock,
            Record::SharesRoster(shares) => room.roster.is_shared = *shares,
            Record::Closed => room.is_closed = true,
            Record::Checkpoint(checkpoint) => self.restore_checkpoint(room, checkpoint)?,
            Record::Skipped { seq, epoch } => self.skip_to(room, *seq, *epoch)?,
        }
        Ok(())
    }

    /// Checks that a room is what a record of its whole state says, as far as numbers tell.
    pub(in crate::room) fn check(&self, room: &Room, record: &Record<'_>) -> Result<(), RestoreError> {
        match record {
            Record::Checkpoint(checkpoint) => {
                ensure(room.head() == checkpoint.head && room.epoch() == checkpoint.owner.epoch)
            }
            // A room is opened once.
            _ => Err(RestoreError::Incomplete),
        }
    }

    fn open(&mut self, room: &mut Room, key: KeyDigest, session: Option<&str>) -> Result<(), RestoreError> {
        ensure(!self.has_log && !self.has_state)?;
        room.owner = Ownership::new(key, session, room.limits.ring_actions);
        self.start_log_after(room, 0);
        self.has_state = true;
        Ok(())
    }

    /// A seq is one more than the last one. Before a checkpoint, the first one may be any.
    fn expect_seq(&mut self, room: &mut Room, seq: u64) -> Result<(), RestoreError> {
        if !self.has_log {
            ensure((1..MAX_NUMBER).contains(&seq))?;
            self.start_log_after(room, seq - 1);
        }
        ensure(room.head() + 1 == seq)
    }

    fn start_log_after(&mut self, room: &mut Room, head: u64) {
        room.compact = Log::new(head, &room.limits);
        room.original = self.renders_original.then(|| Log::new(head, &room.limits));
        self.has_log = true;
    }

    fn skip_to(&mut self, room: &mut Room, seq: u64, epoch: u64) -> Result<(), RestoreError> {
        ensure(room.head() < seq && seq < MAX_NUMBER)?;
        ensure((room.epoch() < epoch || !self.has_state) && epoch < MAX_NUMBER)?;
        self.start_log_after(room, seq);
        room.owner.start_epoch(epoch);
        Ok(())
    }

    fn restore_checkpoint(
        &mut self,
        room: &mut Room,
        checkpoint: &Checkpoint<'_>,
    ) -> Result<(), RestoreError> {
        ensure(checkpoint.head < MAX_NUMBER && checkpoint.owner.epoch < MAX_NUMBER)?;
        if !self.has_log {
            self.start_log_after(room, checkpoint.head);
        }
        ensure(room.head() == checkpoint.head)?;
        let max_answers = room.limits.ring_actions;
        let owner = Ownership::from_state(&checkpoint.owner, checkpoint.head, max_answers);
        room.owner = owner.ok_or(RestoreError::Incomplete)?;
        self.away_since_ms = checkpoint.owner.away_since_ms;
        room.shares_audience = checkpoint.shares_audience;
        room.has_clock = checkpoint.has_clock;
        room.code = checkpoint.code;
        room.slots = Slots::default();
        let mut last_seq = 0;
        for (seq, action) in &checkpoint.slots {
            ensure(std::mem::replace(&mut last_seq, *seq) < *seq && *seq <= checkpoint.head)?;
            room.slots.set(*seq, action.slot.ok_or(RestoreError::Incomplete)?, *action);
        }
        let mut last_seq = 0;
        for (seq, entry) in &checkpoint.entries {
            ensure(std::mem::replace(&mut last_seq, *seq) < *seq && *seq <= checkpoint.head)?;
            room.retain_entry(*seq, entry);
        }
        checkpoint.votes.iter().for_each(|votes| room.restore_votes(votes));
        room.members = Members::restored(&checkpoint.members);
        self.has_state = true;
        Ok(())
    }
}

/// Repeats what a session did under an id that it had not used before.
fn acting_for<R>(
    room: &mut Room,
    by: Option<&str>,
    id: Option<u64>,
    act: impl FnOnce(&mut Room) -> R,
) -> Result<(), RestoreError> {
    let act = |room: &mut Room| {
        ensure(id.is_none_or(|id| id < MAX_NUMBER) && !room.owner.has_answered(id))?;
        act(room);
        Ok(())
    };
    match by {
        Some(session) => room.on_behalf_of(session, act),
        None => act(room),
    }
}

pub(in crate::room) fn ensure(holds: bool) -> Result<(), RestoreError> {
    if holds { Ok(()) } else { Err(RestoreError::Incomplete) }
}
