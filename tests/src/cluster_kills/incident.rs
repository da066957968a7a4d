//! What can happen to a cluster.

use std::time::Duration;

use tokio::time::sleep;

use super::arena::Arena;
use crate::cluster::{Cut, STREAMS};

/// Longer than a node may be silent before it counts as gone (10 s), and before it sends its
/// clients away by itself (15 s).
const LONG: Duration = Duration::from_secs(20);
/// Shorter than both.
const SHORT: Duration = Duration::from_secs(3);

/// What can happen to a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is named in words below")]
pub enum Incident {
    NodeKilled,
    NodeRestarted,
    NodePausedShortly,
    NodePausedLong,
    NodeCutOff,
    NodeNotHeard,
    NodeHearsNothing,
    LeaderKilled,
    LeaderPaused,
    NatsServerLedAway,
    AllNatsServersKilled,
    ConnectionsCut,
}

impl Incident {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::NodeKilled,
        Self::NodeRestarted,
        Self::NodePausedShortly,
        Self::NodePausedLong,
        Self::NodeCutOff,
        Self::NodeNotHeard,
        Self::NodeHearsNothing,
        Self::LeaderKilled,
        Self::LeaderPaused,
        Self::NatsServerLedAway,
        Self::AllNatsServersKilled,
        Self::ConnectionsCut,
    ];

    /// What happens, in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NodeKilled => "a node was killed, and started again after 3 s",
            Self::NodeRestarted => "a node was ended in order, and started again after 3 s",
            Self::NodePausedShortly => "a node was paused for 3 s",
            Self::NodePausedLong => "a node was paused for 20 s, and clients led to the others",
            Self::NodeCutOff => "a node was cut off from NATS for 20 s",
            Self::NodeNotHeard => "NATS did not hear a node for 20 s",
            Self::NodeHearsNothing => "a node did not hear NATS for 20 s",
            Self::LeaderKilled => "a NATS server that leads was killed, and started again after 3 s",
            Self::LeaderPaused => "a NATS server that leads was paused for 20 s",
            Self::NatsServerLedAway => "a NATS server left in order, and was started again",
            Self::AllNatsServersKilled => "all NATS servers were killed, and started again after 3 s",
            Self::ConnectionsCut => "all connections of clients were cut",
        }
    }

    /// Whether it happens to the network of a node.
    pub(super) fn is_a_cut(self) -> bool {
        !self.cuts().is_empty()
    }

    fn cuts(self) -> &'static [Cut] {
        match self {
            Self::NodeCutOff => &[Cut::FromNode, Cut::ToNode],
            Self::NodeNotHeard => &[Cut::FromNode],
            Self::NodeHearsNothing => &[Cut::ToNode],
            _ => &[],
        }
    }

    /// Has it begin. `chosen` chooses to whom it happens. Returns the number of that node or NATS
    /// server.
    pub(super) async fn begin(self, arena: &mut Arena, chosen: usize) -> usize {
        let node = chosen % arena.nodes.len();
        match self {
            Self::NodeKilled => arena.nodes[node].kill().await,
            Self::NodeRestarted => arena.nodes[node].stop().await,
            Self::NodePausedShortly => arena.nodes[node].pause().await,
            Self::NodePausedLong => {
                arena.nodes[node].pause().await;
                // As a load balancer does that has asked it for its health in vain.
                arena.balancer.lead_away(&arena.nodes[node].address);
            }
            Self::NodeCutOff | Self::NodeNotHeard | Self::NodeHearsNothing => {
                arena.island().cut(self.cuts());
            }
            Self::LeaderKilled | Self::LeaderPaused | Self::NatsServerLedAway => {
                let server = arena.nats.leader_of(STREAMS[chosen % STREAMS.len()]).await;
                match self {
                    Self::LeaderKilled => arena.nats.servers[server].kill().await,
                    Self::LeaderPaused => arena.nats.servers[server].pause().await,
                    _ => arena.nats.servers[server].send_clients_away().await,
                }
                return server;
            }
            Self::AllNatsServersKilled => arena.nats.kill_all().await,
            Self::ConnectionsCut => arena.balancer.cut(),
        }
        node
    }

    /// Waits as long as it takes, ends it, and waits until all are ready again.
    pub(super) async fn end(self, arena: &mut Arena, whom: usize) {
        match self {
            Self::NodeKilled | Self::NodeRestarted => {
                sleep(SHORT).await;
                arena.nodes[whom].restart().await;
            }
            Self::NodePausedShortly => {
                sleep(SHORT).await;
                arena.nodes[whom].resume().await;
            }
            Self::NodePausedLong => {
                sleep(LONG).await;
                arena.nodes[whom].resume().await;
                arena.balancer.lead_back(&arena.nodes[whom].address);
            }
            Self::NodeCutOff | Self::NodeNotHeard | Self::NodeHearsNothing => {
                sleep(LONG).await;
                arena.island().heal(self.cuts());
            }
            Self::LeaderKilled => {
                sleep(SHORT).await;
                arena.nats.servers[whom].start();
            }
            Self::LeaderPaused => {
                sleep(LONG).await;
                arena.nats.servers[whom].resume().await;
            }
            Self::NatsServerLedAway => {
                arena.nats.servers[whom].ended().await;
                arena.nats.servers[whom].start();
            }
            Self::AllNatsServersKilled => {
                sleep(SHORT).await;
                arena.nats.restart_all().await;
            }
            Self::ConnectionsCut => {}
        }
        arena.is_ready().await;
    }
}
