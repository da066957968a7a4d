//! What a room retains: the newest state message of each slot, and the newest entry of each key.
//! Followers that join or have fallen off the ring are served a snapshot of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::mutation::mutated;
use crate::room::log::block::{Block, BlockWriter};
use crate::room::memory::Account;
use crate::{Action, Entry, EntryKey, Limits, RefusalCode, Rendering, render};

/// The retained state messages and entries, and the snapshot of them in both renderings.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    retained: HashMap<Arc<str>, Retained>,
    /// The slots by the seq of their state message. This is the order of the snapshot.
    order: BTreeMap<u64, Arc<str>>,
    /// Of all state messages together. Entries don't count: they are few.
    bytes: usize,
    /// The entries by their seqs.
    entries: BTreeMap<u64, Entry>,
    /// The snapshot in each rendering. It is rendered once for all followers, and again only after
    /// a change.
    compact: Option<Block>,
    original: Option<Block>,
}

/// The state message of a slot.
#[derive(Debug)]
struct Retained {
    seq: u64,
    key: Box<str>,
    params: Box<str>,
    at: Option<u64>,
}

impl Retained {
    fn bytes(&self, slot: &str) -> usize {
        state_bytes(slot, &self.key, &self.params)
    }
}

/// Bytes that a state message counts for, towards the limit of its room.
fn state_bytes(slot: &str, key: &str, params: &str) -> usize {
    slot.len() + key.len() + params.len()
}

impl Slots {
    /// Checks that the room's limits allow retaining a state message.
    ///
    /// # Errors
    /// - `too_many_slots`: the slot is new, and the room has all the slots it may have.
    /// - `state_too_large`: the state messages would be too large together.
    pub(crate) fn check_limits(
        &self,
        slot: &str,
        action: Action<&str>,
        limits: &Limits,
    ) -> Result<(), RefusalCode> {
        let held = self.retained.get(slot);
        if held.is_none() && self.retained.len() >= limits.slots_per_room && !mutated!(IgnoreSlotLimit) {
            return Err(RefusalCode::TooManySlots);
        }
        let freed = held.map_or(0, |retained| retained.bytes(slot));
        if self.bytes - freed + state_bytes(slot, action.key, action.params) > limits.slot_bytes_per_room {
            return Err(RefusalCode::StateTooLarge);
        }
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.retained.len()
    }

    /// Bytes of all state messages together.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of the snapshots that are rendered.
    pub(crate) fn snapshot_bytes(&self) -> usize {
        [&self.compact, &self.original].into_iter().flatten().map(Block::len).sum()
    }

    /// The state messages with their seqs, in the order of these.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Action<&str>)> {
        self.order.iter().map(|(seq, slot)| {
            let Retained { key, params, at, .. } = &self.retained[slot];
            (*seq, Action { key: &**key, params: &**params, slot: Some(&**slot), at: *at })
        })
    }

    /// The entries with their seqs, in the order of these.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u64, &Entry)> {
        self.entries.iter().map(|(seq, entry)| (*seq, entry))
    }

    /// Retains an entry, in place of the one with its key. Of what has ended nothing is retained.
    pub(crate) fn set_entry(&mut self, seq: u64, entry: &Entry) {
        self.forget_snapshot();
        if !mutated!(KeepReplacedEntry) {
            self.entries.retain(|_, retained| retained.key() != entry.key());
        }
        if !entry.is_end() {
            self.entries.insert(seq, entry.clone());
        }
    }

    /// The entry that is retained under a key.
    pub(crate) fn entry(&self, key: EntryKey<'_>) -> Option<&Entry> {
        self.entries.values().find(|entry| entry.key() == key)
    }

    /// By how many bytes a slot would grow. None if it is new.
    pub(crate) fn growth(&self, slot: &str, action: Action<&str>) -> Option<usize> {
        let held = self.retained.get(slot)?.bytes(slot);
        Some(state_bytes(slot, action.key, action.params).saturating_sub(held))
    }

    /// Retains a state message, in place of the one that its slot held.
    pub(crate) fn set(&mut self, seq: u64, slot: &str, action: Action<&str>) {
        self.clear(slot);
        let slot: Arc<str> = slot.into();
        self.bytes += state_bytes(&slot, action.key, action.params);
        self.order.insert(seq, Arc::clone(&slot));
        let (key, params) = (action.key.into(), action.params.into());
        let retained = Retained { seq, key, params, at: action.at };
        self.retained.insert(slot, retained);
    }

    /// Forgets the state message of a slot.
    pub(crate) fn clear(&mut self, slot: &str) {
        self.forget_snapshot();
        if let Some(retained) = self.retained.remove(slot) {
            self.bytes -= retained.bytes(slot);
            if !mutated!(KeepReplacedState) {
                self.order.remove(&retained.seq);
            }
        }
    }

    fn forget_snapshot(&mut self) {
        if !mutated!(StaleSnapshot) {
            (self.compact, self.original) = (None, None);
        }
    }

    /// The snapshot: all state messages and entries in the order of their seqs. Its bytes count in
    /// `account` until the last copy of them is dropped.
    pub(crate) fn snapshot(&mut self, rendering: Rendering, uuid: &str, account: &Account) -> Block {
        if let Some(block) = self.rendered(rendering) {
            return block.clone();
        }
        let block = self.render(rendering, uuid).map_bytes(|bytes| account.track(bytes));
        match rendering {
            Rendering::Compact => self.compact = Some(block.clone()),
            Rendering::Original => self.original = Some(block.clone()),
        }
        block
    }

    /// Whether the snapshot is rendered already, or is empty.
    pub(crate) fn is_rendered(&self, rendering: Rendering) -> bool {
        (self.retained.is_empty() && self.entries.is_empty()) || self.rendered(rendering).is_some()
    }

    fn rendered(&self, rendering: Rendering) -> Option<&Block> {
        match rendering {
            Rendering::Compact => self.compact.as_ref(),
            Rendering::Original => self.original.as_ref(),
        }
    }

    fn render(&self, rendering: Rendering, uuid: &str) -> Block {
        let mut block = BlockWriter::default();
        let mut message = String::new();
        let mut entries = self.entries().peekable();
        for (seq, action) in self.iter() {
            while let Some((entry_seq, entry)) = entries.next_if(|(entry_seq, _)| *entry_seq < seq) {
                render_entry(&mut block, rendering, entry_seq, entry);
            }
            message.clear();
            match rendering {
                Rendering::Compact => render::compact_logged(&mut message, seq, action),
                Rendering::Original => render::original_action(&mut message, uuid, action),
            }
            block.push(&message);
        }
        entries.for_each(|(seq, entry)| render_entry(&mut block, rendering, seq, entry));
        block.seal()
    }
}

/// An entry has no original form.
fn render_entry(block: &mut BlockWriter, rendering: Rendering, seq: u64, entry: &Entry) {
    if rendering == Rendering::Compact {
        let mut message = String::new();
        render::retained_entry(&mut message, seq, entry);
        block.push(&message);
    }
}
