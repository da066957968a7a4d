//! A large cluster on paper, with the measured costs.

use std::fmt::Write;

use crate::measurement::Metric;
use crate::run::candidate::Candidate::{Cluster, Server};
use crate::run::results::Results;
use crate::scenario::Scenario;

const NODES: f64 = 10.0;
const ROOMS: f64 = 100_000.0;
const FOLLOWERS: f64 = 1_000_000.0;
/// Actions a second in each room.
const RATES: [f64; 3] = [0.02, 0.1, 1.0];
/// The copies of each entry in three NATS servers, of which one is written by a node.
const COPIES: f64 = 3.0;
/// Deliveries on each node for each action of the measured rooms.
const DELIVERIES_A_NODE: f64 = 2.0;

/// The costs of one action, in µs, and of one room, in KiB.
struct Costs {
    /// On the node with the owner, without deliveries.
    owners: f64,
    /// On another node, without deliveries.
    others: f64,
    delivery: f64,
    nats: f64,
    entry_bytes: f64,
    owned_room: f64,
    followed_room: f64,
    connection: f64,
    nats_room: f64,
}

impl Costs {
    fn measured(results: &Results) -> Option<Self> {
        let rooms = |metric| results.value(Scenario::ClusterRooms, Cluster, metric);
        let idle = |candidate, metric| results.value(Scenario::ClusterIdle, candidate, metric);
        let delivery = results.value(Scenario::ClusterPaced, Cluster, Metric::CpuPerDelivery)?;
        let deliveries = DELIVERIES_A_NODE * delivery;
        let owners = rooms(Metric::OwnersNodeCpuPerAction)?;
        let entries = 1.0 / rooms(Metric::ActionsPerEntry)?;
        Some(Self {
            owners: (owners - deliveries).max(0.0),
            others: (rooms(Metric::CpuPerAction)? - owners - deliveries).max(0.0),
            delivery,
            nats: rooms(Metric::BetweenCpuPerAction)?,
            entry_bytes: rooms(Metric::BytesPerEntry)? * entries,
            owned_room: idle(Cluster, Metric::MemoryPerOwnedRoom)?,
            followed_room: idle(Cluster, Metric::MemoryPerFollowedRoom)?,
            connection: idle(Server, Metric::MemoryPerFollowedRoom)?,
            nats_room: idle(Cluster, Metric::MemoryPerRoomBetween)?,
        })
    }
}

/// The section of the page; empty if something was not measured.
pub(super) fn markdown(results: &Results) -> String {
    let Some(costs) = Costs::measured(results) else { return String::new() };
    // Nobody chooses a node: the owner and each follower are on any one.
    let share = 1.0 - (1.0 - 1.0 / NODES).powf(FOLLOWERS / ROOMS + 1.0);
    [TITLE, &places(share), &memory(&costs, share), &cores(&costs, share * NODES)].join("\n")
}

const TITLE: &str = "\
## 10 nodes, 100,000 rooms, 1,000,000 followers

Nobody has measured this: it is computed from the figures above.
";

fn places(share: f64) -> String {
    format!(
        "- Each room has {} followers, and a load balancer sends everybody anywhere. So {:.1} of the ten\n  \
         nodes have somebody of a room, and each node has {:.0} rooms and {:.0} connections.",
        FOLLOWERS / ROOMS,
        share * NODES,
        share * ROOMS,
        (FOLLOWERS + ROOMS) / NODES
    )
}

fn memory(costs: &Costs, share: f64) -> String {
    let gibibytes = |kibibytes: f64| kibibytes / 1024.0 / 1024.0;
    let (owned, followed) = (ROOMS / NODES, (share - 1.0 / NODES) * ROOMS);
    let more_connections = (FOLLOWERS / NODES - followed).max(0.0);
    let node =
        owned * costs.owned_room + followed * costs.followed_room + more_connections * costs.connection;
    format!(
        "- Idle, a node takes {:.2} GiB: {:.1} KiB for a room with its owner, {:.1} for one with a follower,\n  \
         {:.1} for each further follower. Each NATS server takes {:.2} GiB more than without rooms\n  \
         ({:.1} KiB a room in all three).\n",
        gibibytes(node),
        costs.owned_room,
        costs.followed_room,
        costs.connection,
        gibibytes(costs.nats_room * ROOMS / COPIES),
        costs.nats_room,
    )
}

fn cores(costs: &Costs, nodes_a_room: f64) -> String {
    let a_room = FOLLOWERS / ROOMS;
    let mut text = "\
        | actions/s in each room | actions/s | deliveries/s | cores of all nodes | of these for deliveries \
        | cores of all NATS servers | MB/s into each node |\n|---|---|---|---|---|---|---|\n"
        .to_owned();
    for rate in RATES {
        let actions = rate * ROOMS;
        let deliveries = actions * a_room * costs.delivery / 1e6;
        let nodes = actions * (costs.owners + (nodes_a_room - 1.0) * costs.others) / 1e6 + deliveries;
        let _ = writeln!(
            text,
            "| {rate} | {actions:.0} | {:.0} | {nodes:.1} | {deliveries:.1} | {:.1} | {:.1} |",
            actions * a_room,
            actions * costs.nats / 1e6,
            actions * costs.entry_bytes / 1e6,
        );
    }
    let _ = writeln!(
        text,
        "\nThe cores come from the 200 rooms: {:.0} µs an action on the owner's node and {:.0} µs on each\nother one, \
         without deliveries; {:.1} µs a delivery, as paced; {:.0} µs on three NATS servers with two\nnodes. With this \
         many rooms a node has some in every cell. So it hears all entries, and NATS sends\neach of them to ten \
         nodes and not to two: the cores of NATS are a lower bound.\n",
        costs.owners, costs.others, costs.delivery, costs.nats,
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::Measurement;

    #[test]
    fn costs_grow_with_the_actions() {
        let mut results = Results::default();
        assert_eq!(markdown(&results), "");
        let rooms = [
            (Metric::CpuPerAction, 200.0),
            (Metric::OwnersNodeCpuPerAction, 120.0),
            (Metric::BetweenCpuPerAction, 300.0),
            (Metric::ActionsPerEntry, 1.0),
            (Metric::BytesPerEntry, 300.0),
        ];
        results.add(Scenario::ClusterRooms, Cluster, Ok(Measurement::from(rooms)));
        let paced = Measurement::from([(Metric::CpuPerDelivery, 10.0)]);
        results.add(Scenario::ClusterPaced, Cluster, Ok(paced));
        let idle = [
            (Metric::MemoryPerOwnedRoom, 6.0),
            (Metric::MemoryPerFollowedRoom, 5.0),
            (Metric::MemoryPerRoomBetween, 3.0),
        ];
        results.add(Scenario::ClusterIdle, Cluster, Ok(Measurement::from(idle)));
        results.add(Scenario::ClusterIdle, Server, Ok(Measurement::from(idle)));
        let text = markdown(&results);
        // 100 µs where the owner is, 60 on 5.9 others, 10 deliveries of 10.
        assert!(text.contains("| 0.1 | 10000 | 100000 | 5.5 | 1.0 | 3.0 | 3.0 |"), "{text}");
        assert!(text.contains("each node has 68619 rooms and 110000 connections"), "{text}");
    }
}
