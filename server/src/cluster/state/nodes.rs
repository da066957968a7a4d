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
}

/// The nodes that were heard of.
#[derive(Debug)]
pub(crate) struct Nodes {
    id: u64,
    name: String,
    /// When this node began to listen.
    started: Instant,
    heard: Mutex<HashMap<u64, (NodeSaid, Instant)>>,
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
            Some((said, at)) if said.ends => Some(at.elapsed()),
            Some((_, at)) => at.elapsed().checked_sub(GONE_AFTER),
            None => self.started.elapsed().checked_sub(GONE_AFTER),
        }
    }

    /// The place of this node among all that are alive: 0 for the first. All nodes see the same
    /// order.
    pub(crate) fn rank(&self) -> u32 {
        let heard = self.heard();
        let before = heard.iter().filter(|(id, (said, at))| **id < self.id && is_alive(said, *at)).count();
        u32::try_from(before).unwrap_or(u32::MAX)
    }

    /// The name of this node.
    pub(crate) fn own_name(&self) -> &str {
        &self.name
    }

    /// The name of a node that was heard of.
    pub(crate) fn name(&self, id: u64) -> Option<String> {
        self.heard().get(&id).map(|(said, _)| said.name.clone())
    }

    /// All nodes, this one first, then by name.
    pub(crate) fn all(&self) -> Vec<NodeView> {
        let heard = self.heard();
        let mut views: Vec<_> = heard
            .values()
            .map(|(said, at)| NodeView {
                id: said.id,
                name: said.name.clone(),
                version: said.version.clone(),
                rooms: said.rooms,
                heard: at.elapsed(),
                is_alive: is_alive(said, *at),
                is_this: said.id == self.id,
            })
            .collect();
        views.sort_by(|a, b| (!a.is_this, &a.name, a.id).cmp(&(!b.is_this, &b.name, b.id)));
        views
    }

    pub(crate) fn note(&self, said: NodeSaid) {
        let mut heard = self.heard();
        heard.retain(|_, (_, at)| at.elapsed() < FORGOTTEN_AFTER);
        let (id, name, ends) = (said.id, said.name.clone(), said.ends);
        let before = heard.insert(id, (said, Instant::now()));
        if id != self.id && ends {
            info!(node = name, "a node of the cluster ends");
        } else if id != self.id && !before.is_some_and(|(said, at)| is_alive(&said, at)) {
            info!(node = name, id = format!("{id:x}"), "a node of the cluster is there");
        }
    }

    fn heard(&self) -> MutexGuard<'_, HashMap<u64, (NodeSaid, Instant)>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_alive(said: &NodeSaid, at: Instant) -> bool {
    !said.ends && at.elapsed() < GONE_AFTER
}
