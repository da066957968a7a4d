//! What several nodes may cost, and whether they do.

use crate::measurement::Metric;
use crate::run::candidate::Candidate::{Cluster, PubSubAdapter, Server, StreamsAdapter};
use crate::run::goal::Goal;
use crate::run::results::Results;
use crate::scenario::Scenario;

/// The goals, line by line.
pub(super) fn all(results: &Results) -> Vec<Goal> {
    let all = [latency(results), cpu(results), busy(results), peers(results), deaths(results), idle(results)];
    all.into_iter().flatten().collect()
}

/// One number of the two nodes as a multiple of another one.
fn multiple(results: &Results, scenario: Scenario, metric: Metric, of: Metric) -> Option<f64> {
    Some(results.value(scenario, Cluster, metric)? / results.value(scenario, Cluster, of)?)
}

fn latency(results: &Results) -> Vec<Goal> {
    let acknowledged = |scenario, metric, publish| {
        multiple(results, scenario, metric, publish).filter(|value| value.is_finite())
    };
    let p50 = |scenario| acknowledged(scenario, Metric::AckP50, Metric::PublishP50);
    let p99 = |scenario| acknowledged(scenario, Metric::AckP99, Metric::PublishP99);
    let after = |scenario| results.value(scenario, Cluster, Metric::AfterAckP50);
    let (slow, usual, fast) = (Scenario::Cluster50, Scenario::Cluster500, Scenario::Cluster5000);
    vec![
        Goal::at_most(
            3.2,
            "acknowledged at 50/s: p50 against one bare publish, as often a second",
            p50(slow),
        ),
        Goal::at_most(2.4, "the same at 500/s", p50(usual)),
        Goal::at_most(2.4, "the same at 5,000/s, against bare publishes one after the other", p50(fast)),
        Goal::told("acknowledged at 50/s: p99 against the bare publish's", p99(slow)),
        Goal::told("the same at 500/s", p99(usual)),
        Goal::told("the same at 5,000/s", p99(fast)),
        Goal::at_most(
            0.1,
            "delivered on the other node after the acknowledgement, 50/s: p50, ms",
            after(slow),
        ),
        Goal::at_most(0.1, "the same at 500/s", after(usual)),
        Goal::at_most(0.1, "the same at 5,000/s", after(fast)),
    ]
}

fn cpu(results: &Results) -> Vec<Goal> {
    let bare = |scenario, metric| multiple(results, scenario, Metric::CpuPerAction, metric);
    let all = |scenario| bare(scenario, Metric::BareCpuPerAction);
    let thread = |scenario| bare(scenario, Metric::BareThreadCpuPerAction);
    let added = |scenario| {
        let value = |candidate| results.value(scenario, candidate, Metric::CpuPerAction);
        Some(
            (value(Cluster)? - value(Server)?)
                / results.value(scenario, Cluster, Metric::BareCpuPerAction)?,
        )
    };
    let alone = |scenario| results.ratio(scenario, Metric::CpuPerAction, Cluster, Server);
    let (slow, usual, fast) = (Scenario::Cluster50, Scenario::Cluster500, Scenario::Cluster5000);
    vec![
        Goal::at_most(1.5, "both nodes' CPU an action at 50/s, against the bare program", all(slow)),
        Goal::at_most(1.5, "the same at 500/s", all(usual)),
        Goal::at_most(1.5, "the same at 5,000/s", all(fast)),
        Goal::told("CPU beyond the server alone at 50/s, against the bare program", added(slow)),
        Goal::told("the same at 500/s", added(usual)),
        Goal::told("the same at 5,000/s", added(fast)),
        Goal::told("both nodes' CPU at 50/s, against the bare program on one thread", thread(slow)),
        Goal::told("the same at 500/s", thread(usual)),
        Goal::told("the same at 5,000/s", thread(fast)),
        Goal::told("both nodes' CPU at 50/s, against the server alone", alone(slow)),
        Goal::told("the same at 500/s", alone(usual)),
        Goal::told("the same at 5,000/s", alone(fast)),
        Goal::told(
            "200 rooms: both nodes' CPU an action, against the bare program",
            all(Scenario::ClusterRooms),
        ),
        Goal::told("the same, against the server alone", alone(Scenario::ClusterRooms)),
    ]
}

fn busy(results: &Results) -> Vec<Goal> {
    let metric = Metric::ActionsPerSecond;
    vec![Goal::at_least(
        0.25,
        "one room saturated, 10 followers: acknowledged actions/s against the server alone",
        results.ratio(Scenario::ClusterSaturated, metric, Cluster, Server),
    )]
}

fn peers(results: &Results) -> Vec<Goal> {
    let ratio = |scenario, metric, peer| results.ratio(scenario, metric, peer, Cluster);
    let whole = |scenario, candidate| {
        let value = |metric| results.value(scenario, candidate, metric);
        Some(value(Metric::CpuPerDelivery)? + value(Metric::BetweenCpuPerDelivery)?)
    };
    let whole_ratio = |scenario, peer| Some(whole(scenario, peer)? / whole(scenario, Cluster)?);
    let (paced, rooms) = (Scenario::ClusterPaced, Scenario::ClusterRooms);
    let (cpu, p99) = (Metric::CpuPerDelivery, Metric::P99);
    vec![
        Goal::at_least(
            2.0,
            "400 followers × 50/s: CPU a delivery of Socket.IO with Redis streams against ours",
            ratio(paced, cpu, StreamsAdapter),
        ),
        Goal::at_least(2.0, "the same: p99", ratio(paced, p99, StreamsAdapter)),
        Goal::at_least(
            2.0,
            "CPU a delivery of Socket.IO with Redis pub/sub against ours",
            ratio(paced, cpu, PubSubAdapter),
        ),
        Goal::at_least(2.0, "the same: p99", ratio(paced, p99, PubSubAdapter)),
        Goal::told(
            "with Redis's and NATS's: CPU a delivery, Redis streams against ours",
            whole_ratio(paced, StreamsAdapter),
        ),
        Goal::told("the same, Redis pub/sub", whole_ratio(paced, PubSubAdapter)),
        Goal::told(
            "200 rooms × 4 followers × 10/s: CPU a delivery of Socket.IO with Redis streams against ours",
            ratio(rooms, cpu, StreamsAdapter),
        ),
        Goal::told("the same, Redis pub/sub", ratio(rooms, cpu, PubSubAdapter)),
        Goal::told("the same: p99, Redis streams", ratio(rooms, p99, StreamsAdapter)),
        Goal::told("the same: p99, Redis pub/sub", ratio(rooms, p99, PubSubAdapter)),
        Goal::told(
            "with Redis's and NATS's: CPU a delivery, Redis streams",
            whole_ratio(rooms, StreamsAdapter),
        ),
        Goal::told("the same, Redis pub/sub", whole_ratio(rooms, PubSubAdapter)),
    ]
}

fn deaths(results: &Results) -> Vec<Goal> {
    let value = |scenario, candidate, metric| results.value(scenario, candidate, metric);
    let (lost, repeated) = (Metric::LostAcknowledged, Metric::Repeated);
    let (owners, others) = (Scenario::ClusterOwnersNode, Scenario::ClusterFollowersNode);
    vec![
        Goal::at_most(0.0, "the owner's node is killed: acknowledged and lost", value(owners, Cluster, lost)),
        Goal::at_most(0.0, "the same: repeated", value(owners, Cluster, repeated)),
        Goal::at_most(0.0, "the other node is killed: acknowledged and lost", value(others, Cluster, lost)),
        Goal::at_most(0.0, "the same: repeated", value(others, Cluster, repeated)),
        Goal::told(
            "Socket.IO with Redis streams, the owner's node: lost",
            value(owners, StreamsAdapter, lost),
        ),
        Goal::told("the same: repeated", value(owners, StreamsAdapter, repeated)),
        Goal::told("the other node: lost", value(others, StreamsAdapter, lost)),
        Goal::told("the same: repeated", value(others, StreamsAdapter, repeated)),
        Goal::told(
            "Socket.IO with Redis pub/sub, the owner's node: lost",
            value(owners, PubSubAdapter, lost),
        ),
        Goal::told("the same: repeated", value(owners, PubSubAdapter, repeated)),
        Goal::told("the other node: lost", value(others, PubSubAdapter, lost)),
        Goal::told("the same: repeated", value(others, PubSubAdapter, repeated)),
    ]
}

fn idle(results: &Results) -> Vec<Goal> {
    let value = |candidate, metric| results.value(Scenario::ClusterIdle, candidate, metric);
    let (owned, followed) = (Metric::MemoryPerOwnedRoom, Metric::MemoryPerFollowedRoom);
    let beyond = |metric| Some(value(Cluster, metric)? - value(Server, owned)?);
    vec![
        Goal::at_most(4.0, "10,000 idle rooms: KiB a room where its owner is", value(Cluster, owned)),
        Goal::at_most(4.0, "the same, where it is only followed", value(Cluster, followed)),
        Goal::told("KiB a room with its owner on the server alone", value(Server, owned)),
        Goal::told("KiB a room beyond that where its owner is", beyond(owned)),
        Goal::told("the same, where it is only followed", beyond(followed)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::Measurement;
    use crate::run::goal;

    fn row(results: &Results, what: &str) -> String {
        let table = goal::table(&all(results));
        table.lines().find(|line| line.contains(what)).expect("the goal is told").to_owned()
    }

    #[test]
    fn an_acknowledgement_is_compared_with_the_publishes_of_its_own_turns() {
        let mut results = Results::default();
        let run = [(Metric::AckP50, 1.5), (Metric::PublishP50, 0.5), (Metric::AfterAckP50, 0.2)];
        results.add(Scenario::Cluster50, Cluster, Ok(Measurement::from(run)));
        assert!(row(&results, "acknowledged at 50/s: p50").ends_with("| ≤ 3.2 | 3 | met |"));
        assert!(row(&results, "acknowledgement, 50/s").ends_with("| ≤ 0.1 | 0.200 | **not met** |"));
    }

    #[test]
    fn peers_are_compared_with_and_without_what_stands_between_their_nodes() {
        let mut results = Results::default();
        let run = |own, between| {
            let cpu = [(Metric::CpuPerDelivery, own), (Metric::BetweenCpuPerDelivery, between)];
            Ok(Measurement::from(cpu))
        };
        results.add(Scenario::ClusterPaced, Cluster, run(5.0, 3.0));
        results.add(Scenario::ClusterPaced, StreamsAdapter, run(15.0, 1.0));
        assert!(
            row(&results, "× 50/s: CPU a delivery of Socket.IO with Redis streams").ends_with("| 3 | met |")
        );
        assert!(row(&results, "delivery, Redis streams against ours").ends_with("| – | 2 | not judged |"));
    }
}
