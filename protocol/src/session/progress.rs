//! How much of its room a page has been handed. A session asks here whether an action is a new one.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::mutation::mutated;

/// Keeps a page from being handed anything twice, and finds the slots that a snapshot leaves out.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The seq up to which everything was handed over. None until the first snapshot is complete,
    /// and while the page drives: the actions that it sends itself are not counted here.
    applied: Option<u64>,
    /// The page drives, or has driven and was handed nothing since.
    drives: bool,
    /// The slots whose state message was handed over or sent by this page, sorted by name. This is
    /// a list because every page loads this code, and the code of any map would add a few
    /// kilobytes.
    slots: Vec<Slot>,
    /// Whether a snapshot is coming in.
    in_snapshot: bool,
    /// The room's head when this connection entered the room.
    target: u64,
}

#[derive(Debug)]
struct Slot {
    name: String,
    /// The seq of its state message. 0 if this page has sent it.
    seq: u64,
    /// Whether the snapshot that is coming in has it.
    in_snapshot: bool,
}

impl Progress {
    /// The seq up to which everything was handed over, if anything was.
    pub(super) fn applied(&self) -> Option<u64> {
        self.applied
    }

    /// Whether the page knows nothing of the room.
    pub(super) fn needs_snapshot(&self) -> bool {
        self.applied.is_none() && !self.drives
    }

    /// Notes that the page drives from now on.
    pub(super) fn drive(&mut self) {
        (self.applied, self.drives) = (None, true);
    }

    /// Notes that nobody knows any more up to where this page has driven: it needs a snapshot.
    pub(super) fn forget_driving(&mut self) {
        self.drives = false;
    }

    /// Notes that this page sends a state message of a slot.
    pub(super) fn note_own_slot(&mut self, name: &str) {
        self.note_slot(name, 0);
    }

    /// Notes that the connection has entered the room, whose head is `target`, and whether a
    /// snapshot comes first.
    pub(super) fn enter_room(&mut self, target: u64, gets_snapshot: bool) {
        self.target = target;
        self.in_snapshot = false;
        if gets_snapshot {
            self.begin_snapshot();
        }
    }

    /// Notes that a snapshot begins.
    pub(super) fn begin_snapshot(&mut self) {
        self.in_snapshot = true;
        for slot in &mut self.slots {
            slot.in_snapshot = false;
        }
    }

    /// Notes that the connection is gone. An incomplete snapshot is worth nothing: the next one
    /// starts over.
    pub(super) fn connection_lost(&mut self) {
        if mutated!(KeepTornSnapshot) && self.in_snapshot {
            self.applied = Some(self.target);
        }
        self.in_snapshot = false;
    }

    /// How many slots there are whose state message was handed over.
    pub(super) fn slot_count(&self) -> usize {
        self.slots.len()
    }

    /// Whether the page has been handed everything that the room had when this connection entered.
    pub(super) fn is_complete(&self) -> bool {
        !self.in_snapshot && self.applied.unwrap_or(0) >= self.target
    }

    /// Notes an action that came. Returns whether it is to be handed over, because it was not
    /// before.
    pub(super) fn note_action(&mut self, seq: Option<u64>, slot: Option<&str>) -> bool {
        let Some(seq) = seq else { return true };
        if self.in_snapshot {
            let Some(slot) = slot else { return true };
            return self.note_slot(slot, seq) != Some(seq) || mutated!(ApplyAgain);
        }
        if self.applied.is_some_and(|applied| seq <= applied) {
            return false;
        }
        (self.applied, self.drives) = (Some(seq), false);
        if let Some(slot) = slot {
            self.note_slot(slot, seq);
        }
        true
    }

    /// The seq of the next action, if that is sure to be handed over.
    pub(super) fn fast_path_seq(&self) -> Option<u64> {
        if self.in_snapshot { None } else { self.applied.map(|applied| applied + 1) }
    }

    /// Notes that all actions up to this seq were handed over.
    pub(super) fn fast_path_delivered(&mut self, seq: u64) {
        self.applied = Some(seq);
    }

    /// The index of a slot whose state message was handed over.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let at = self.index_for(name);
        self.slots.get(at).is_some_and(|slot| slot.name == name).then_some(at)
    }

    /// Notes a newer state message of the slot with this index.
    pub(super) fn set_slot_seq(&mut self, index: usize, seq: u64) {
        if let Some(slot) = self.slots.get_mut(index) {
            slot.seq = seq;
        }
    }

    /// Notes the state message that a slot has now. Returns the seq of the one before, if there was
    /// one.
    fn note_slot(&mut self, name: &str, seq: u64) -> Option<u64> {
        let in_snapshot = self.in_snapshot;
        let at = self.index_for(name);
        match self.slots.get_mut(at).filter(|slot| slot.name == name) {
            Some(slot) => {
                slot.in_snapshot = in_snapshot;
                Some(core::mem::replace(&mut slot.seq, seq))
            }
            None => {
                self.slots.insert(at, Slot { name: name.to_owned(), seq, in_snapshot });
                None
            }
        }
    }

    /// The index where a slot is, or would have to be inserted.
    fn index_for(&self, name: &str) -> usize {
        self.slots.partition_point(|slot| slot.name.as_str() < name)
    }

    /// Notes that a slot was cleared.
    pub(super) fn remove_slot(&mut self, slot: &str) {
        if let Some(at) = self.find(slot) {
            self.slots.remove(at);
        }
    }

    /// Notes that the snapshot is complete; it stands for everything up to `seq`. Calls `report`
    /// with the slots that this page has and the snapshot has not: they have been cleared.
    pub(super) fn complete_snapshot(&mut self, seq: u64, mut report: impl FnMut(String)) {
        if !core::mem::take(&mut self.in_snapshot) {
            return;
        }
        (self.applied, self.drives) = (Some(seq), false);
        self.slots.retain_mut(|slot| {
            if !slot.in_snapshot && !mutated!(KeepSlotsAfterResync) {
                report(core::mem::take(&mut slot.name));
            }
            slot.in_snapshot
        });
    }
}
