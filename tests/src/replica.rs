//! What a follower knows of a room: the smallest model of what followers are promised.

use std::collections::BTreeMap;

use serde_json::Value;

/// The state of a follower that speaks session fields.
#[derive(Debug, Default)]
pub struct Replica {
    /// The follower has everything up to this seq, from actions or from a snapshot.
    pub seq: u64,
    /// How many actions it received live.
    pub actions: u64,
    /// How many times it received a snapshot in place of actions that it missed.
    pub resyncs: u64,
    /// The params of each slot.
    pub slots: BTreeMap<String, Value>,
    /// The slots of an unfinished snapshot. They count once the snapshot is complete.
    snapshot: Option<BTreeMap<String, Value>>,
}

impl Replica {
    /// Applies a message after the reply to join. Fails if it breaks the order of seqs or leaves an
    /// unannounced gap.
    pub fn apply(&mut self, message: &Value) {
        if message["resync"] == true {
            self.resyncs += 1;
            self.snapshot = Some(BTreeMap::new());
        } else if let Some(synced) = message["synced"].as_u64() {
            assert!(synced >= self.seq, "a snapshot older than what was heard: {message}");
            self.seq = synced;
            self.slots = self.snapshot.take().unwrap_or_default();
        } else if let Some(seq) = message["seq"].as_u64() {
            if self.snapshot.is_none() {
                assert_eq!(seq, self.seq + 1, "a gap or a repetition: {message}");
                self.seq = seq;
                self.actions += 1;
            }
            write(self.snapshot.as_mut().unwrap_or(&mut self.slots), message);
        }
    }
}

fn write(slots: &mut BTreeMap<String, Value>, message: &Value) {
    if let Some(cleared) = message["clear"].as_str() {
        slots.remove(cleared);
    } else if message["stateMessage"] == true {
        let slot = message["slot"].as_str().or(message["funcKey"].as_str()).expect("an action has a key");
        slots.insert(slot.to_owned(), message["funcParams"].clone());
    }
}
