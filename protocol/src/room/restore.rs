//! Makes a room again out of its records.

mod error;
mod repeating;

use super::record::{Record, RecordError};
use super::staging::Staging;
use super::{KeyDigest, Room, RoomId};
use crate::{Limits, Timestamp};
use repeating::ensure;

pub use error::RestoreError;
pub(super) use repeating::Repeating;

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
    repeating: Repeating,
}

impl RoomRestorer {
    /// A room without any record yet.
    #[must_use]
    pub fn new(id: RoomId, limits: Limits) -> Self {
        Self { room: Room::new(id, KeyDigest([0; 32]), None, limits), repeating: Repeating::default() }
    }

    /// Has the room's ring kept in the original rendering too.
    pub(super) fn render_original(&mut self) {
        self.repeating.render_original();
    }

    /// Repeats what the next record says.
    ///
    /// # Errors
    /// If the record can't follow those before it. Nothing can be made of the room then.
    pub fn apply(&mut self, record: &Record<'_>) -> Result<(), RestoreError> {
        self.repeating.apply(&mut self.room, record)
    }

    /// The seq of the newest action.
    pub(super) fn head(&self) -> u64 {
        self.room.head()
    }

    /// Since when the owner is away, in milliseconds since 1970. None if it had a connection.
    #[must_use]
    pub fn away_since_ms(&self) -> Option<u64> {
        self.repeating.away_since_ms()
    }

    /// Whether the room was closed. No record can follow.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.room.is_closed
    }

    /// The room as its records have made it. None if it was closed.
    ///
    /// # Errors
    /// If the first records are missing. There is no half room.
    pub fn finish(self, restart: Restart) -> Result<Option<Room>, RestoreError> {
        let away_since_ms = self.away_since_ms();
        let Some(mut room) = self.whole()? else { return Ok(None) };
        let since_ms = away_since_ms.unwrap_or(restart.ended_ms);
        let before_ms = restart.ended_ms.saturating_sub(since_ms);
        room.owner.restore_away(restart.now, before_ms.saturating_add(restart.down_ms));
        room.staging = Some(Box::new(Staging::new(restart.clock_start_ms)));
        if room.owner.away_since_ms(restart.clock_start_ms) != away_since_ms {
            // Or the grace would start anew with each restart. A moment that is kept is in terms of
            // a clock, and this process has another one.
            room.stage_away();
        }
        room.update_memory_use();
        Ok(Some(room))
    }

    /// The same for a room that other servers have too: its owner may have a connection to one of
    /// them. It is away for as long as the clocks of both servers say. None only if it was closed
    /// and its older records are deleted.
    ///
    /// # Errors
    /// Those of [`RoomRestorer::finish`].
    pub(super) fn finish_replica(
        self,
        clock_start_ms: u64,
        now: Timestamp,
    ) -> Result<Option<Room>, RestoreError> {
        let away_since_ms = self.away_since_ms();
        if self.room.is_closed && !self.repeating.has_state() {
            return Ok(None);
        }
        let mut room = self.into_room()?;
        if let Some(since_ms) = away_since_ms {
            room.owner.restore_away(now, (clock_start_ms + now.0).saturating_sub(since_ms));
        }
        room.staging = Some(Box::new(Staging::new(clock_start_ms)));
        room.update_memory_use();
        Ok(Some(room))
    }

    /// The room, if it is open.
    fn whole(self) -> Result<Option<Room>, RestoreError> {
        if self.room.is_closed {
            // Its older records may be deleted already.
            return Ok(None);
        }
        self.into_room().map(Some)
    }

    fn into_room(self) -> Result<Room, RestoreError> {
        ensure(self.repeating.has_state())?;
        let mut room = self.room;
        room.durable = room.head();
        Ok(room)
    }
}

#[cfg(test)]
mod tests;
