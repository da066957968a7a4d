//! Several nodes of the program on real NATS servers, all on this machine, and everything that can
//! happen to either.
//!
//! | | |
//! |---|---|
//! | [`Cluster`] | NATS servers and nodes that are ready |
//! | [`NatsCluster`], [`NatsServer`] | NATS with JetStream: killed, paused, led away, restarted; its streams |
//! | [`Node`] | the program as a node |
//! | [`Balancer`] | a load balancer without sticky sessions |
//! | [`Island`] | a node whose network to NATS can be cut, in each direction |

mod balancer;
mod island;
mod jetstream;
mod nats_cluster;
mod nats_server;
mod node;
mod ports;

use std::path::PathBuf;

pub use balancer::Balancer;
pub use island::{Cut, Island};
pub use nats_cluster::{NatsCluster, NatsPlan, stream};
pub use nats_server::NatsServer;
pub use node::{Node, NodePlan};
pub use ports::free_address;

use crate::python_program;

/// The version of the NATS server, and the hashes of its packages.
const NATS_SERVER: &str = include_str!("../fixtures/nats-server.txt");

/// The streams that nodes with the default name share.
pub const STREAMS: [&str; 8] = [
    "RTBROADCASTER_0",
    "RTBROADCASTER_1",
    "RTBROADCASTER_2",
    "RTBROADCASTER_3",
    "RTBROADCASTER_4",
    "RTBROADCASTER_5",
    "RTBROADCASTER_6",
    "RTBROADCASTER_7",
];

/// The program `nats-server`. None if it can't be had: the test is then skipped and says so, except
/// in CI, where it fails.
pub async fn nats_server() -> Option<PathBuf> {
    python_program("nats-server", NATS_SERVER).await
}

/// Three NATS servers and some nodes on them, ended when dropped.
#[derive(Debug)]
pub struct Cluster {
    /// The nodes, in the order of their names: `a`, `b`, `c`.
    pub nodes: Vec<Node>,
    /// Where they keep their rooms.
    pub nats: NatsCluster,
}

impl Cluster {
    /// Starts three NATS servers and this many nodes with these arguments. None if there is no
    /// program `nats-server`.
    pub async fn start(nodes: usize, arguments: &[&str]) -> Option<Self> {
        let nats = NatsCluster::start(3).await?;
        let mut cluster = Self { nodes: Vec::new(), nats };
        for name in ["a", "b", "c"].into_iter().take(nodes) {
            let plan = NodePlan::new(name, &cluster.nats.urls()).with(arguments);
            cluster.nodes.push(Node::start(plan).await);
        }
        Some(cluster)
    }

    /// The addresses of all nodes.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.address.clone()).collect()
    }
}
