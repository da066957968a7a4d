//! How far a room's journal has kept it. Nothing is served or acknowledged before it is kept: after
//! a crash its seq would be given to another action.

use super::Room;
use super::log::Log;
use super::record::{Checkpoint, Record};
use super::staging::{Mark, Staging};
use crate::mutation::mutated;

/// How many seqs a room skips. No room gets so many in the few seconds that a store may lose.
const SKIPPED_SEQS: u64 = 1_000_000;

/// How many epochs a room skips, for the same reason.
const SKIPPED_EPOCHS: u64 = 1_000;

impl Room {
    /// Makes a new room stage a [`Record`] for each change, the first for its opening. The caller
    /// hands what [`Room::take_staged`] returns to a journal, and tells [`Room::committed`] once it
    /// is kept. To be called before anything else is done with the room. `clock_start_ms` is the
    /// moment at which the caller's clock started, in milliseconds since 1970.
    pub fn stage_records(&mut self, clock_start_ms: u64) {
        let owner = self.owner.state(clock_start_ms);
        let opened = Record::Opened { key: owner.key, session: owner.session };
        let mut staging = Staging::new(clock_start_ms);
        staging.push(&opened);
        self.staging = Some(Box::new(staging));
        self.durable = self.head();
    }

    /// The records that were staged since the last call, and how far they go. A single call after
    /// several changes returns the records of all of them.
    pub fn take_staged(&mut self) -> Option<(Vec<u8>, Mark)> {
        let mark = self.mark();
        let staging = self.staging.as_mut().filter(|staging| !staging.bytes.is_empty())?;
        Some((std::mem::take(&mut staging.bytes), mark))
    }

    /// Whether [`Room::take_staged`] would return something.
    #[must_use]
    pub fn has_staged(&self) -> bool {
        self.staging.as_ref().is_some_and(|staging| !staging.bytes.is_empty())
    }

    /// How far all records go that were staged until now.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { records: self.staging.as_ref().map_or(0, |staging| staging.records), seq: self.head() }
    }

    /// Notes that the journal has kept all records up to `mark`. If [`Room::has_ended`] then, the
    /// caller removes the room from the table.
    pub fn committed(&mut self, mark: Mark) {
        if let Some(staging) = self.staging.as_mut().filter(|staging| mark.records > staging.kept) {
            staging.kept = mark.records;
            self.durable = mark.seq;
            self.version += 1;
            self.owner_version += 1;
            self.release_notices();
        }
    }

    /// How far all records go that were staged until now. None if the journal has kept them all.
    #[must_use]
    pub fn unkept_mark(&self) -> Option<Mark> {
        self.staging.as_ref()?;
        Some(self.mark()).filter(|mark| !self.is_kept(*mark))
    }

    /// Whether the journal has kept all records up to `mark`. Always, without a journal.
    #[must_use]
    pub fn is_kept(&self, mark: Mark) -> bool {
        self.staging.as_ref().is_none_or(|staging| mark.records <= staging.kept)
    }

    /// The seq up to which actions may be served: the journal has kept them. Without a journal, the
    /// largest number.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.durable
    }

    /// The seq of the newest action that may be served.
    #[must_use]
    pub fn served_seq(&self) -> u64 {
        self.durable.min(self.head())
    }

    /// Whether the room is closed, and the journal has kept that: followers may be told.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.is_closed() && (self.is_kept(self.mark()) || mutated!(EndBeforeKept))
    }

    /// Stages a checkpoint. Once it is kept, older records are needed only for the ring.
    pub fn stage_checkpoint(&mut self) {
        if let Some(mut staging) = self.staging.take_if(|_| !self.is_closed) {
            let mut checkpoint = self.checkpoint(staging.clock_start_ms);
            if mutated!(ForgetAnswersInCheckpoint) {
                checkpoint.owner.answers.clear();
            }
            staging.push(&Record::Checkpoint(checkpoint));
            self.staging = Some(staging);
        }
    }

    /// Skips seqs and epochs that may have been handed out before the journal lost them: no seq may
    /// ever name two actions. The ring is empty then, so that each follower that comes back is
    /// resynced. To be called for a restored room, before anything else is done with it.
    pub fn skip_ahead(&mut self) {
        let (seq, epoch) = (self.head() + SKIPPED_SEQS, self.epoch() + SKIPPED_EPOCHS);
        self.compact = Log::new(seq, &self.limits);
        self.owner.start_epoch(epoch);
        self.update_memory_use();
        self.stage(&Record::Skipped { seq, epoch });
        self.stage_checkpoint();
    }

    /// The room as it is now, apart from its ring. `clock_start_ms` is as for
    /// [`Room::stage_records`].
    #[must_use]
    pub fn checkpoint(&self, clock_start_ms: u64) -> Checkpoint<'_> {
        Checkpoint {
            head: self.head(),
            shares_audience: self.shares_audience,
            owner: self.owner.state(clock_start_ms),
            slots: self.slots.iter().collect(),
        }
    }

    /// Nothing comes after the close: that the owner leaves, for example.
    pub(super) fn stage(&mut self, record: &Record<'_>) {
        if let Some(staging) = self.staging.as_mut().filter(|_| !self.is_closed) {
            staging.push(record);
        }
    }

    /// Stages that the owner is away.
    pub(super) fn stage_away(&mut self) {
        let clock_start_ms = self.staging.as_ref().map_or(0, |staging| staging.clock_start_ms);
        if let Some(since_ms) = self.owner.away_since_ms(clock_start_ms) {
            self.stage(&Record::Away { epoch: self.owner.epoch(), since_ms });
        }
    }

    /// Sets which session acts now, if that isn't the owner's.
    pub(super) fn set_actor(&mut self, session: Option<&str>) {
        if let Some(staging) = &mut self.staging {
            staging.by = session.map(str::to_owned);
        }
    }
}
