//! The nodes of a cluster hear of each other: each says every two seconds that it is there.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt;

use super::Cluster;
use super::listening::subscribe;
use super::state::NodeSaid;
use crate::journal::RoomLogs;

impl Cluster {
    /// Hears what nodes say of themselves, as long as the cluster is there.
    pub(super) async fn listen_to_nodes(cluster: Weak<Self>, logs: RoomLogs) {
        let mut messages = subscribe(&logs, logs.subjects().nodes()).await;
        drop(logs);
        while let Some(message) = messages.next().await {
            let Some(cluster) = cluster.upgrade() else { return };
            // What can't be read is of a version that says it otherwise.
            if let Ok(said) = serde_json::from_slice::<NodeSaid>(&message.payload) {
                cluster.nodes.note(said, cluster.time_ms());
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
        let (id, name, now_ms) = (self.writer, self.nodes.own_name().to_owned(), self.time_ms());
        let said = NodeSaid { id, name, version, rooms, ends, time_ms: Some(now_ms) };
        self.nodes.note(said.clone(), now_ms);
        let said = serde_json::to_vec(&said).unwrap_or_default();
        self.logs.tell(self.logs.subjects().nodes(), said).await;
    }
}
