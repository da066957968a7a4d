//! The nodes of a cluster. Each says every two seconds that it is there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tracing::info;

use super::Cluster;
use super::cells::subscribe;
use super::starting::still_there;
use crate::journal::RoomLogs;

/// A node that has said nothing for so long is gone.
pub(super) const GONE_AFTER: Duration = Duration::from_secs(10);

/// A node that is gone is forgotten after this time.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3_600);

/// What a node says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Said {
    id: u64,
    name: String,
    version: String,
    /// Rooms of which it has a replica.
    rooms: usize,
    /// Whether it ends now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ends: bool,
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
pub(super) struct Nodes {
    id: u64,
    name: String,
    /// When this node began to listen.
    started: Instant,
    heard: Mutex<HashMap<u64, (Said, Instant)>>,
}

impl Nodes {
    pub(super) fn new(id: u64, name: String) -> Self {
        Self { id, name, started: Instant::now(), heard: Mutex::default() }
    }

    /// Whether a node has said something lately, and not that it ends.
    pub(super) fn is_alive(&self, id: u64) -> bool {
        id == self.id || self.heard().get(&id).is_some_and(|(said, at)| is_alive(said, *at))
    }

    /// How long a node has been gone. None if it is alive, or may be.
    pub(super) fn gone_for(&self, id: u64) -> Option<Duration> {
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
    pub(super) fn rank(&self) -> u32 {
        let heard = self.heard();
        let before = heard.iter().filter(|(id, (said, at))| **id < self.id && is_alive(said, *at)).count();
        u32::try_from(before).unwrap_or(u32::MAX)
    }

    /// The name of a node that was heard of.
    pub(super) fn name(&self, id: u64) -> Option<String> {
        self.heard().get(&id).map(|(said, _)| said.name.clone())
    }

    /// All nodes, this one first, then by name.
    pub(super) fn all(&self) -> Vec<NodeView> {
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

    fn note(&self, said: Said) {
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

    fn heard(&self) -> MutexGuard<'_, HashMap<u64, (Said, Instant)>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_alive(said: &Said, at: Instant) -> bool {
    !said.ends && at.elapsed() < GONE_AFTER
}

impl Cluster {
    /// Hears what nodes say of themselves, as long as the cluster is there.
    pub(super) async fn listen_to_nodes(cluster: Weak<Self>, logs: RoomLogs) {
        let mut messages = subscribe(&logs, logs.subjects().nodes()).await;
        drop(logs);
        while let Some(message) = messages.next().await {
            let Some(cluster) = still_there(&cluster) else { return };
            // What can't be read is of a version that says it otherwise.
            if let Ok(said) = serde_json::from_slice(&message.payload) {
                cluster.nodes.note(said);
            }
        }
    }

    /// Says that this node is there.
    pub(super) async fn say_it_is_there(self: &Arc<Self>) {
        self.say_of_itself(false).await;
    }

    /// Says that this node ends, so that nobody waits for it.
    pub(super) async fn say_goodbye(self: &Arc<Self>) {
        self.say_of_itself(true).await;
        // Without an answer the others find out by themselves.
        let _ = tokio::time::timeout(Duration::from_secs(1), self.logs.client().flush()).await;
    }

    async fn say_of_itself(self: &Arc<Self>, ends: bool) {
        let rooms = self.table.upgrade().map_or(0, |table| table.len());
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let said = Said { id: self.writer, name: self.nodes.name.clone(), version, rooms, ends };
        self.nodes.note(said.clone());
        let said = serde_json::to_vec(&said).unwrap_or_default();
        self.logs.tell(self.logs.subjects().nodes(), said).await;
    }
}
