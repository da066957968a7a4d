//! The nodes of a cluster, by what they say of themselves.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tracing::info;

/// A node that has said nothing for so long is gone.
pub(crate) const GONE_AFTER: Duration = Duration::from_secs(10);

/// A node that is gone is forgotten after this time.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3_600);

/// What a node says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NodeSaid {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) version: String,
    /// Rooms of which it has a replica.
    pub(crate) rooms: usize,
    /// Whether it ends now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) ends: bool,
    /// Its time as it said this, in milliseconds since 1970. None from an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) time_ms: Option<u64>,
}

/// What was heard of a node last.
#[derive(Debug)]
struct Heard {
    said: NodeSaid,
    at: Instant,
    /// How far its clock is ahead of this node's, in milliseconds, less what the message took.
    ahead_ms: Option<i64>,
}

impl Heard {
    fn is_alive(&self) -> bool {
        !self.said.ends && self.at.elapsed() < GONE_AFTER
    }
}

/// A node, as the administration shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeView {
    /// The number of its process.
    pub(crate) id: u64,
    /// Its name, for people.
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) rooms: usize,
    /// How long ago it has said that.
    pub(crate) heard: Duration,
    pub(crate) is_alive: bool,
    /// Whether it is this node.
    pub(crate) is_this: bool,
    /// How far its clock is ahead of this node's, in milliseconds.
    pub(crate) ahead_ms: Option<i64>,
}

/// The nodes that were heard of.
#[derive(Debug)]
pub(crate) struct Nodes {
    id: u64,
    name: String,
    /// When this node began to listen.
    started: Instant,
    heard: Mutex<HashMap<u64, Heard>>,
}

impl Nodes {
    pub(crate) fn new(id: u64, name: String) -> Self {
        Self { id, name, started: Instant::now(), heard: Mutex::default() }
    }

    /// How long a node has been gone. None if it is alive, or may be.
    pub(crate) fn gone_for(&self, id: u64) -> Option<Duration> {
        if id == self.id {
            return None;
        }
        match self.heard().get(&id) {
            Some(heard) if heard.said.ends => Some(heard.at.elapsed()),
            Some(heard) => heard.at.elapsed().checked_sub(GONE_AFTER),
            None => self.started.elapsed().checked_sub(GONE_AFTER),
        }
    }

    /// The place of this node among all that are alive: 0 for the first. All nodes see the same
    /// order.
    pub(crate) fn rank(&self) -> u32 {
        let heard = self.heard();
        let before = heard.iter().filter(|(id, heard)| **id < self.id && heard.is_alive()).count();
        u32::try_from(before).unwrap_or(u32::MAX)
    }

    /// The name of this node.
    pub(crate) fn own_name(&self) -> &str {
        &self.name
    }

    /// The name of a node that was heard of.
    pub(crate) fn name(&self, id: u64) -> Option<String> {
        self.heard().get(&id).map(|heard| heard.said.name.clone())
    }

    /// All nodes, this one first, then by name.
    pub(crate) fn all(&self) -> Vec<NodeView> {
        let heard = self.heard();
        let mut views: Vec<_> = heard
            .values()
            .map(|heard| NodeView {
                id: heard.said.id,
                name: heard.said.name.clone(),
                version: heard.said.version.clone(),
                rooms: heard.said.rooms,
                heard: heard.at.elapsed(),
                is_alive: heard.is_alive(),
                is_this: heard.said.id == self.id,
                ahead_ms: heard.ahead_ms,
            })
            .collect();
        views.sort_by(|a, b| (!a.is_this, &a.name, a.id).cmp(&(!b.is_this, &b.name, b.id)));
        views
    }

    /// How much the clock of any other node that is alive differs from this node's, at most. What
    /// the messages took, some milliseconds, is in it.
    pub(crate) fn clock_difference(&self) -> Duration {
        let heard = self.heard();
        let others = heard.values().filter(|heard| heard.is_alive() && heard.said.id != self.id);
        let differences = others.filter_map(|heard| heard.ahead_ms).map(i64::unsigned_abs);
        Duration::from_millis(differences.max().unwrap_or(0))
    }

    /// Notes what a node says. `now_ms` is this node's time, in milliseconds since 1970.
    pub(crate) fn note(&self, said: NodeSaid, now_ms: u64) {
        let mut heard = self.heard();
        heard.retain(|_, heard| heard.at.elapsed() < FORGOTTEN_AFTER);
        let (id, name, ends) = (said.id, said.name.clone(), said.ends);
        let ahead_ms = said.time_ms.map(|time_ms| time_ms.wrapping_sub(now_ms).cast_signed());
        let before = heard.insert(id, Heard { said, at: Instant::now(), ahead_ms });
        if id != self.id && ends {
            info!(node = name, "a node of the cluster ends");
        } else if id != self.id && !before.is_some_and(|before| before.is_alive()) {
            info!(node = name, id = format!("{id:x}"), "a node of the cluster is there");
        }
    }

    fn heard(&self) -> MutexGuard<'_, HashMap<u64, Heard>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(id: u64, time_ms: Option<u64>, ends: bool) -> NodeSaid {
        NodeSaid { id, name: format!("n{id}"), version: "1".to_owned(), rooms: 0, ends, time_ms }
    }

    #[test]
    fn the_clock_that_differs_most_counts_of_those_that_are_alive() {
        let nodes = Nodes::new(1, "n1".to_owned());
        nodes.note(said(1, Some(9_000), false), 1_000);
        nodes.note(said(2, None, false), 1_000);
        assert_eq!(nodes.clock_difference(), Duration::ZERO);
        nodes.note(said(3, Some(1_020), false), 1_000);
        nodes.note(said(4, Some(970), false), 1_000);
        nodes.note(said(5, Some(0), true), 1_000);
        assert_eq!(nodes.clock_difference(), Duration::from_millis(30));
        let ahead: Vec<_> = nodes.all().iter().map(|node| node.ahead_ms).collect();
        assert_eq!(ahead, [Some(8_000), None, Some(20), Some(-30), Some(-1_000)]);
    }
}
