//! The cluster to which things happen.

use std::path::Path;

use crate::cluster::{Balancer, Island, NatsCluster, NatsPlan, Node, NodePlan};

/// The ring, so large that it holds what is said while a follower is away.
const RING: [&str; 2] = ["--ring-actions", "20000"];

/// Three NATS servers and three nodes behind a load balancer.
#[derive(Debug)]
pub(super) struct Arena {
    pub(super) balancer: Balancer,
    pub(super) nodes: Vec<Node>,
    pub(super) nats: NatsCluster,
    /// The network of the last node; none if this user may not make one.
    island: Option<Island>,
}

impl Arena {
    /// None if there is no program `nats-server`.
    pub(super) async fn start(server: &Path) -> Option<Self> {
        let island = Island::new();
        let host = island.as_ref().map_or_else(|| "127.0.0.1".to_owned(), Island::nats_host);
        let nats = NatsCluster::start_as(NatsPlan::new(3).at(&host)).await?;
        let mut nodes = Vec::new();
        for name in ["a", "b", "c"] {
            let plan = NodePlan::new(name, &nats.urls()).by(server).with(&RING);
            let plan = match &island {
                Some(island) if name == "c" => island.host(plan),
                _ => plan,
            };
            nodes.push(Node::start(plan).await);
        }
        let addresses = nodes.iter().map(|node| node.address.clone()).collect();
        Some(Self { balancer: Balancer::start(addresses).await, nodes, nats, island })
    }

    /// Whether a node's network can be cut.
    pub(super) fn has_island(&self) -> bool {
        self.island.is_some()
    }

    /// The network of the last node.
    pub(super) fn island(&self) -> &Island {
        self.island.as_ref().expect("only what can happen is chosen")
    }

    /// Waits until all are ready.
    pub(super) async fn is_ready(&mut self) {
        self.nats.is_ready().await;
        for node in &self.nodes {
            node.is_ready(true).await;
        }
    }
}
