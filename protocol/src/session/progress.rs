//! How much of its room a page has been handed.

use std::collections::{BTreeMap, BTreeSet};

use crate::mutation::mutated;

/// Keeps a page from being handed anything twice, and knows what a snapshot leaves out.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The seq up to which everything was handed over; none before the first snapshot is complete.
    applied: Option<u64>,
    /// The slots whose state message was handed over, and its seq.
    slots: BTreeMap<String, u64>,
    /// While a snapshot is coming in: the slots that were in it so far.
    snapshot: Option<BTreeSet<String>>,
    /// The room's head when this connection entered.
    target: u64,
}

impl Progress {
    /// The seq up to which everything was handed over, if anything was.
    pub(super) fn applied(&self) -> Option<u64> {
        self.applied
    }

    /// The room was entered; its head is `target`, and a snapshot comes first if it does.
    pub(super) fn entered(&mut self, target: u64, gets_snapshot: bool) {
        self.target = target;
        self.snapshot = gets_snapshot.then(BTreeSet::new);
    }

    /// A snapshot begins.
    pub(super) fn snapshot_begins(&mut self) {
        self.snapshot = Some(BTreeSet::new());
    }

    /// The connection is gone: what had come of a snapshot is worth nothing, a new one starts over.
    pub(super) fn cut_off(&mut self) {
        if mutated!(KeepTornSnapshot) && self.snapshot.is_some() {
            self.applied = Some(self.target);
        }
        self.snapshot = None;
    }

    /// Whether the page has been handed all that was there when the connection entered.
    pub(super) fn is_complete(&self) -> bool {
        self.snapshot.is_none() && self.applied.unwrap_or(0) >= self.target
    }

    /// Whether an action was not handed over before, noting that it is now.
    pub(super) fn is_news(&mut self, seq: Option<u64>, slot: Option<&str>) -> bool {
        let Some(seq) = seq else { return true };
        if let Some(in_snapshot) = &mut self.snapshot {
            let Some(slot) = slot else { return true };
            in_snapshot.insert(slot.to_owned());
            return self.slots.insert(slot.to_owned(), seq) != Some(seq) || mutated!(ApplyAgain);
        }
        if self.applied.is_some_and(|applied| seq <= applied) {
            return false;
        }
        self.applied = Some(seq);
        if let Some(slot) = slot {
            match self.slots.get_mut(slot) {
                Some(known) => *known = seq,
                None => {
                    self.slots.insert(slot.to_owned(), seq);
                }
            }
        }
        true
    }

    /// A slot was cleared.
    pub(super) fn forget(&mut self, slot: &str) {
        self.slots.remove(slot);
    }

    /// The snapshot is complete and stands for everything up to `seq`. Returns the slots that this page knows and that
    /// were not in it: they have been cleared.
    pub(super) fn snapshot_complete(&mut self, seq: u64) -> Vec<String> {
        let Some(in_snapshot) = self.snapshot.take() else { return Vec::new() };
        self.applied = Some(seq);
        let gone: Vec<_> = self.slots.keys().filter(|slot| !in_snapshot.contains(*slot)).cloned().collect();
        for slot in &gone {
            self.slots.remove(slot);
        }
        if mutated!(KeepSlotsAfterResync) { Vec::new() } else { gone }
    }
}
