//! A page in the simulation of lanes.

use rtbroadcaster_protocol::Peer;
use serde_json::{Value, json};

use crate::sim::invariant::{Checked, Invariant};

/// The owner is told at most once in so many milliseconds, beside what it does itself.
const TOLD_EACH_MS: u64 = 1_000;

/// What a page knows.
#[derive(Debug, Default)]
pub(super) struct LanesPage {
    pub(super) peer: Option<Peer>,
    pub(super) is_owner: bool,
    /// The number of its newest vote.
    pub(super) number: u64,
    /// Its newest vote, until it is answered.
    pub(super) unanswered: Option<(u64, u64)>,
    /// The seq up to which it has the room.
    pub(super) seq: Option<u64>,
    /// The seq of the newest entry of the lane of the votes.
    pub(super) lane_seq: u64,
    /// The lanes that the snapshot has named which comes in now.
    named: Vec<String>,
    /// The newest counts that the owner was told.
    pub(super) counts: Value,
    /// When the owner was told last, because a second was over.
    told_at: Option<u64>,
    /// The owner is told once more, because it has come or has changed its lanes.
    is_told_again: bool,
    /// Values that the owner was told at once.
    pub(super) said: u64,
}

impl LanesPage {
    pub(super) fn new(index: usize) -> Self {
        Self { is_owner: index == 0, ..Self::default() }
    }

    /// The connection is gone, or a new one begins.
    pub(super) fn start_again(&mut self) {
        self.named.clear();
        (self.told_at, self.is_told_again) = (None, true);
    }

    /// The owner has changed its lanes, and is told at once.
    pub(super) fn expect_counts(&mut self) {
        self.is_told_again = true;
    }

    pub(super) fn vote_text(&self, voter: usize, number: u64, option: u64) -> String {
        let (session, seq) = (format!("{voter}."), self.lane_seq);
        json!({"lane": "q", "vote": option, "n": number, "seq": seq, "session": session}).to_string()
    }

    /// Hears a message. Returns the seq of an action.
    pub(super) fn hear(&mut self, message: &Value, has_lanes: bool, now: u64) -> Checked<Option<u64>> {
        let names = |field: &str| !message[field].is_null();
        let is_of_lanes = ["counts", "said", "voted", "lane"].into_iter().any(names);
        Invariant::LanesArePrivate
            .ensure(has_lanes || !is_of_lanes, || format!("without lanes: {message}"))?;
        let is_told = names("counts") || names("said");
        Invariant::LanesArePrivate.ensure(self.is_owner || !is_told, || format!("a follower: {message}"))?;
        let seq = message["seq"].as_u64();
        if names("counts") {
            self.hear_counts(message, now)?;
        } else if let Some(said) = message["said"].as_array() {
            self.said = said.len() as u64;
        } else if names("voted") || !message["error"]["n"].is_null() {
            let answered = message["n"].as_u64().or(message["error"]["n"].as_u64());
            self.unanswered = self.unanswered.filter(|(number, _)| Some(*number) > answered);
        } else if names("as") {
            self.hear_entry(message)?;
        } else if names("resync") {
            self.named.clear();
        } else if let Some(seq) = message["synced"].as_u64() {
            self.seq = Some(seq);
            self.named.clear();
        }
        if names("clear") || names("funcKey") {
            self.seq = self.seq.max(seq);
        }
        Ok(seq.filter(|_| names("funcKey")))
    }

    /// L3: at most once a second.
    fn hear_counts(&mut self, message: &Value, now: u64) -> Checked {
        self.counts = message["counts"].clone();
        if std::mem::take(&mut self.is_told_again) {
            return Ok(());
        }
        let is_in_time = self.told_at.is_none_or(|at| at + TOLD_EACH_MS <= now);
        Invariant::LanesAreBounded.ensure(is_in_time, || format!("at {now}, after {:?}", self.told_at))?;
        self.told_at = Some(now);
        Ok(())
    }

    /// L7: the newest entry of a lane is the only one of it in a snapshot.
    fn hear_entry(&mut self, message: &Value) -> Checked {
        let name = message["lane"].as_str().unwrap_or_default().to_owned();
        if message["clear"].is_null() {
            Invariant::EntriesConverge.ensure(!self.named.contains(&name), || format!("twice: {message}"))?;
            self.named.push(name.clone());
        }
        let seq = message["seq"].as_u64().unwrap_or_default();
        if name == "q" && seq > self.lane_seq {
            self.lane_seq = seq;
            // A vote before it counts for nothing.
            self.unanswered = None;
        }
        Ok(())
    }
}
