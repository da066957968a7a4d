//! What waits for a room's journal: the records that are to be taken to it, and what the room's
//! observer is told once they are kept.

mod left;
mod lost;
mod mark;
mod observer;

use std::borrow::Cow;

use super::record::Record;
use crate::{Action, Entry, Refusal};

pub(super) use left::Left;
use lost::LostRecords;
pub use mark::Mark;
pub(super) use observer::Observation;
pub use observer::{Observer, RoomNotice};

/// What a room with a journal keeps for it.
#[derive(Debug, Default)]
pub(super) struct Staging {
    /// The records that were not taken yet.
    pub(super) bytes: Vec<u8>,
    /// The moment at which the caller's clock started, in milliseconds since 1970.
    pub(super) clock_start_ms: u64,
    /// The session that acts now, if that isn't the owner's.
    pub(super) by: Option<String>,
    /// See [`Mark::records`].
    pub(super) records: u64,
    /// How many of them the journal has kept.
    pub(super) kept: u64,
    /// Those that never will be.
    pub(super) lost: LostRecords,
    /// The claims that were made here and may not be kept: their epochs, and the numbers of their
    /// records.
    claims: Vec<(u64, u64)>,
    /// Whether this server has the owner's connection, if there is one.
    pub(super) holds_owner: bool,
}

impl Staging {
    pub(super) fn new(clock_start_ms: u64) -> Self {
        Self { clock_start_ms, ..Self::default() }
    }

    /// Gives up everything that is not kept.
    pub(super) fn lose_unkept(&mut self) {
        self.bytes.clear();
        self.lost.add(self.kept, self.records);
    }

    /// Goes on behind what was lost. The room is what its journal says.
    pub(super) fn start_again(&mut self, holds_owner: bool) {
        // A number of its own, so that what the room is now counts neither as lost nor as staged.
        self.claims.clear();
        self.records += 1;
        self.kept = self.records;
        self.holds_owner = holds_owner;
    }

    /// Notes that the record that was staged last is of the claim that started this epoch.
    pub(super) fn note_claim(&mut self, epoch: u64) {
        let kept = self.kept;
        self.claims.retain(|(_, record)| *record > kept);
        self.claims.push((epoch, self.records));
    }

    /// Whether the claim that started this epoch is kept, as far as it was made here.
    pub(super) fn is_claim_kept(&self, epoch: u64) -> bool {
        self.claims.iter().all(|(other, record)| *other != epoch || *record <= self.kept)
    }

    pub(super) fn push(&mut self, record: &Record<'_>) {
        record.encode(&mut self.bytes);
        self.records += 1;
    }

    pub(super) fn push_action(&mut self, id: Option<u64>, seq: u64, action: Action<&str>) {
        Record::Acted { by: self.by.as_deref(), id, seq, action }.encode(&mut self.bytes);
        self.records += 1;
    }

    pub(super) fn push_clear(&mut self, id: Option<u64>, seq: u64, slot: &str) {
        Record::Cleared { by: self.by.as_deref(), id, seq, slot }.encode(&mut self.bytes);
        self.records += 1;
    }

    pub(super) fn push_entry(&mut self, id: Option<u64>, seq: u64, entry: &Entry) {
        let entry = Cow::Borrowed(entry);
        Record::Entered { by: self.by.as_deref(), id, seq, entry }.encode(&mut self.bytes);
        self.records += 1;
    }

    pub(super) fn push_refusal(&mut self, refusal: &Refusal) {
        Record::Refused { by: self.by.as_deref(), refusal: refusal.clone() }.encode(&mut self.bytes);
        self.records += 1;
    }
}
