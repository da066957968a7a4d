//! The start of a node.

use std::sync::Arc;

use rtbroadcaster_protocol::Limits;
use tokio::runtime::Handle;
use tracing::info;

use super::Cluster;
use super::numbering::take_node_number;
use super::state::{Health, Nodes};
use crate::clock::Clock;
use crate::journal::{ClusterError, ClusterSettings, NatsConnection, RoomLogs};
use crate::rooms::RoomTable;

impl Cluster {
    /// Makes this server a node, over a connection whose streams are there. To be called inside of
    /// a tokio runtime.
    ///
    /// # Errors
    /// If JetStream doesn't answer in time.
    pub(crate) async fn start(
        connection: NatsConnection,
        settings: &ClusterSettings,
        table: &Arc<RoomTable>,
        clock: Clock,
        limits: &Limits,
    ) -> Result<Arc<Self>, ClusterError> {
        let NatsConnection { client, events, .. } = connection;
        // 0 stands for no writer.
        let writer = getrandom::u64().expect("the operating system has randomness").max(1);
        let logs = RoomLogs::new(client, settings, limits.owner_grace_ms);
        let seats = take_node_number(&logs).await?;
        let cluster = Arc::new(Self {
            logs,
            writer,
            table: Arc::downgrade(table),
            clock,
            limits: limits.clone(),
            runtime: Handle::current(),
            replicas: Default::default(),
            loads: Default::default(),
            cells: Default::default(),
            nodes: Nodes::new(writer, settings.node.clone()),
            health: Health::new(),
            counts: Default::default(),
            takes_posts: Default::default(),
            code_turn: Default::default(),
            missed_codes: Default::default(),
            unique_stream: Default::default(),
            seats,
            lists: Default::default(),
        });
        info!(node = settings.node, id = format!("{writer:x}"), cluster = settings.name, "node started");
        cluster.spawn(Self::listen_to_nodes(Arc::downgrade(&cluster), cluster.logs.clone()));
        cluster.spawn(Self::hear_of_connection(Arc::downgrade(&cluster), events));
        cluster.spawn(Self::look_after_rooms(Arc::downgrade(&cluster)));
        Ok(cluster)
    }
}
