//! Makes a room again out of its records.

use super::log::Log;
use super::log::slots::Slots;
use super::ownership::Ownership;
use super::record::{Checkpoint, Record, RecordError};
use super::staging::Staging;
use super::{KeyDigest, Room, RoomId};
use crate::{Limits, Timestamp};

/// What a room must know about the end of the process that kept it and the start of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restart {
    /// The moment at which this process's clock started, in milliseconds since 1970.
    pub clock_start_ms: u64,
    /// The present, by that clock.
    pub now: Timestamp,
    /// When the former process ended, in milliseconds since 1970 by *its* clock, as well as it is
    /// known. An owner that had a connection is away since then.
    pub ended_ms: u64,
    /// How long there was no process, in milliseconds. The two clocks are never compared: one of
    /// them may have been wrong.
    pub down_ms: u64,
}

/// No room ever has a seq, an epoch or an id as large as this. In a record it is damage, and the
/// next number might not exist.
const MAX_NUMBER: u64 = u64::MAX / 2;

/// Why no room can be made of its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// They can't be read.
    #[error(transparent)]
    Unreadable(#[from] RecordError),
    /// Some are missing, or they are out of order.
    #[error("records of the room are missing, or out of order: restore the store from a backup")]
    Incomplete,
}

impl Room {
    /// Makes a room out of its records: all of them, or a checkpoint, what came after it, and of
    /// what came before it as much as the ring should hold. None if the room was closed.
    ///
    /// It has the same seqs, ring, state, owner key, epoch and answers. Its grace goes on. Nobody
    /// is connected. It stages records, and the caller goes on as with a new room.
    ///
    /// # Errors
    /// If the records can't be read or some are missing. There is no half room.
    pub fn restore<'a>(
        id: RoomId,
        limits: Limits,
        records: impl IntoIterator<Item = Result<Record<'a>, RecordError>>,
        restart: Restart,
    ) -> Result<Option<Self>, RestoreError> {
        let mut restorer = RoomRestorer::new(id, limits);
        for record in records {
            restorer.apply(&record?)?;
        }
        restorer.finish(restart)
    }
}

/// A room that is being restored: [`Room::restore`] record by record, for a store that holds those
/// of many rooms in one order.
#[derive(Debug)]
pub struct RoomRestorer {
    room: Room,
    /// Since when the owner is away. None if it had a connection.
    away_since_ms: Option<u64>,
    /// Whether the first seq of the log is known.
    has_log: bool,
    /// Whether there was a record of the opening or a checkpoint. Before it, only the ring counts.
    has_state: bool,
}

impl RoomRestorer {
    /// A room without any record yet.
    #[must_use]
    pub fn new(id: RoomId, limits: Limits) -> Self {
        Self {
            room: Room::new(id, KeyDigest([0; 32]), None, limits),
            away_since_ms: None,
            has_log: false,
            has_state: false,
        }
    }

    /// Repeats what the next record says.
    ///
    /// # Errors
    /// If the record can't follow those before it. Nothing can be made of the room then.
    pub fn apply(&mut self, record: &Record<'_>) -> Result<(), RestoreError> {
        if self.room.is_closed {
            return Err(RestoreError::Incomplete);
        }
        match record {
            Record::Opened { key, session } => self.open(*key, *session)?,
            Record::Acted { by, id, seq, action } => {
                self.expect_seq(*seq)?;
                self.acting_for(*by, *id, |room| room.append_action(*id, *action))?;
            }
            Record::Cleared { by, id, seq, slot } => {
                self.expect_seq(*seq)?;
                self.acting_for(*by, *id, |room| room.append_clear(*id, slot))?;
            }
            Record::Refused { by, refusal } => {
                self.acting_for(*by, refusal.id, |room| room.refuse(refusal.id, refusal.clone()))?;
            }
            Record::Claimed { session, epoch } => {
                let restored = self.room.owner.restore_claim(*session);
                ensure(restored == *epoch || !self.has_state)?;
                self.away_since_ms = None;
            }
            Record::Away { epoch, since_ms } => {
                ensure(self.room.epoch() == *epoch || !self.has_state)?;
                self.away_since_ms = Some(*since_ms);
            }
            Record::SharesAudience(shares) => self.room.shares_audience = *shares,
            Record::Closed => self.room.is_closed = true,
            Record::Checkpoint(checkpoint) => self.restore_checkpoint(checkpoint)?,
            Record::Skipped { seq, epoch } => self.skip_to(*seq, *epoch)?,
        }
        Ok(())
    }

    fn open(&mut self, key: KeyDigest, session: Option<&str>) -> Result<(), RestoreError> {
        ensure(!self.has_log && !self.has_state)?;
        self.room.owner = Ownership::new(key, session, self.room.limits.ring_actions);
        (self.has_log, self.has_state) = (true, true);
        Ok(())
    }

    /// A seq is one more than the last one. Before a checkpoint, the first one may be any.
    fn expect_seq(&mut self, seq: u64) -> Result<(), RestoreError> {
        if !self.has_log {
            ensure((1..MAX_NUMBER).contains(&seq))?;
            self.start_log_after(seq - 1);
        }
        ensure(self.room.head() + 1 == seq)
    }

    fn start_log_after(&mut self, head: u64) {
        self.room.compact = Log::new(head, &self.room.limits);
        self.has_log = true;
    }

    /// Since when the owner is away, in milliseconds since 1970. None if it had a connection.
    #[must_use]
    pub fn away_since_ms(&self) -> Option<u64> {
        self.away_since_ms
    }

    /// Whether the room was closed. No record can follow.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.room.is_closed
    }

    fn skip_to(&mut self, seq: u64, epoch: u64) -> Result<(), RestoreError> {
        ensure(self.room.head() < seq && seq < MAX_NUMBER)?;
        ensure((self.room.epoch() < epoch || !self.has_state) && epoch < MAX_NUMBER)?;
        self.start_log_after(seq);
        self.room.owner.start_epoch(epoch);
        Ok(())
    }

    /// Repeats what a session did under an id that it had not used before.
    fn acting_for<R>(
        &mut self,
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
            Some(session) => self.room.on_behalf_of(session, act),
            None => act(&mut self.room),
        }
    }

    fn restore_checkpoint(&mut self, checkpoint: &Checkpoint<'_>) -> Result<(), RestoreError> {
        ensure(checkpoint.head < MAX_NUMBER && checkpoint.owner.epoch < MAX_NUMBER)?;
        if !self.has_log {
            self.start_log_after(checkpoint.head);
        }
        ensure(self.room.head() == checkpoint.head)?;
        let max_answers = self.room.limits.ring_actions;
        let owner = Ownership::from_state(&checkpoint.owner, checkpoint.head, max_answers);
        self.room.owner = owner.ok_or(RestoreError::Incomplete)?;
        self.away_since_ms = checkpoint.owner.away_since_ms;
        self.room.shares_audience = checkpoint.shares_audience;
        self.room.slots = Slots::default();
        let mut last_seq = 0;
        for (seq, action) in &checkpoint.slots {
            ensure(std::mem::replace(&mut last_seq, *seq) < *seq && *seq <= checkpoint.head)?;
            self.room.slots.set(*seq, action.slot.ok_or(RestoreError::Incomplete)?, *action);
        }
        self.has_state = true;
        Ok(())
    }

    /// The room as its records have made it. None if it was closed.
    ///
    /// # Errors
    /// If the first records are missing. There is no half room.
    pub fn finish(self, restart: Restart) -> Result<Option<Room>, RestoreError> {
        if self.room.is_closed {
            // Its older records may be deleted already.
            return Ok(None);
        }
        ensure(self.has_state)?;
        let mut room = self.room;
        let away_since_ms = self.away_since_ms.unwrap_or(restart.ended_ms);
        let before_ms = restart.ended_ms.saturating_sub(away_since_ms);
        room.owner.restore_away(restart.now, before_ms.saturating_add(restart.down_ms));
        room.durable = room.head();
        room.staging = Some(Box::new(Staging::new(restart.clock_start_ms)));
        if room.owner.away_since_ms(restart.clock_start_ms) != self.away_since_ms {
            // Or the grace would start anew with each restart. A moment that is kept is in terms of
            // a clock, and this process has another one.
            room.stage_away();
        }
        room.update_memory_use();
        Ok(Some(room))
    }
}

fn ensure(holds: bool) -> Result<(), RestoreError> {
    if holds { Ok(()) } else { Err(RestoreError::Incomplete) }
}

#[cfg(test)]
mod tests;
