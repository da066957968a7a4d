//! The nodes of a cluster, and where its rooms are, as the administration shows them.

use rtbroadcaster_protocol::RoomId;
use serde::Serialize;

use super::error::AdminError;
use super::query::Query;
use crate::Manager;

/// All nodes of the cluster that were heard of in the last hour, this one first, then by name.
/// Empty if this server is no node.
#[derive(Debug, Serialize)]
pub(super) struct NodesPage {
    nodes: Vec<NodeView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeView {
    /// The number of its process, as in the logs: up to 16 hexadecimal digits.
    id: String,
    name: String,
    version: String,
    /// Rooms of which it has a replica.
    rooms: usize,
    /// Milliseconds since it has said so.
    heard_ms: u64,
    /// False once it has said that it ends, or has said nothing for 10 s.
    is_alive: bool,
    /// Whether it is the node that answers.
    is_this: bool,
    /// How many milliseconds its clock is ahead of that of the node that answers. Null if it is
    /// of a version that doesn't say it.
    clock_ahead_ms: Option<i64>,
}

/// Where a room is in a cluster.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlaceView {
    /// The name of the node that has the owner's connection, if there is one.
    owner_node: Option<String>,
    /// Followers on all nodes.
    audience: u64,
    /// The names of the nodes that have followers, sorted.
    watched_on: Vec<String>,
}

/// `GET nodes`.
pub(super) fn list(manager: &Manager, query: &str) -> Result<NodesPage, AdminError> {
    Query::parse(query, &[])?;
    #[cfg(feature = "cluster")]
    if let Some(cluster) = manager.services().cluster.get() {
        let nodes = cluster.nodes().into_iter().map(NodeView::from).collect();
        return Ok(NodesPage { nodes });
    }
    let _ = manager;
    Ok(NodesPage { nodes: Vec::new() })
}

/// Where a room is that has so many followers here, and on other nodes. None if this server is no
/// node of a cluster.
pub(super) fn place(manager: &Manager, room: RoomId, here: usize, elsewhere: u64) -> Option<PlaceView> {
    #[cfg(feature = "cluster")]
    if let Some(cluster) = manager.services().cluster.get() {
        return Some(PlaceView {
            owner_node: cluster.owned_on(room),
            audience: here as u64 + elsewhere,
            watched_on: cluster.watched_on(room, here > 0),
        });
    }
    let _ = (manager, room, here, elsewhere);
    None
}

#[cfg(feature = "cluster")]
impl From<crate::cluster::NodeView> for NodeView {
    fn from(node: crate::cluster::NodeView) -> Self {
        Self {
            id: format!("{:x}", node.id),
            name: node.name,
            version: node.version,
            rooms: node.rooms,
            heard_ms: u64::try_from(node.heard.as_millis()).unwrap_or(u64::MAX),
            is_alive: node.is_alive,
            is_this: node.is_this,
            clock_ahead_ms: node.ahead_ms,
        }
    }
}
