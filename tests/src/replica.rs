//! What a page knows that follows a room: the smallest model of what followers are promised.

use std::collections::BTreeMap;

use serde_json::Value;

/// A follower that speaks session fields, reduced to where it stands.
#[derive(Debug, Default)]
pub struct Replica {
    /// Everything up to this seq has been heard of, action by action or by a snapshot.
    pub seq: u64,
    /// How many actions came live.
    pub actions: u64,
    /// How often the state came in place of actions that were missed.
    pub resyncs: u64,
    /// The params of each slot.
    pub slots: BTreeMap<String, Value>,
    /// What a snapshot has told so far; it counts only when it is complete.
    snapshot: Option<BTreeMap<String, Value>>,
}

impl Replica {
    /// Takes a message that follows the reply to join, and fails if it breaks the order of seqs or leaves a gap
    /// without saying so.
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
