//! The results of a run of the load generator: numbers by name, to pass on, sort and compare.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One number of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Metric {
    /// CPU time of the server for each delivery; µs.
    CpuPerDelivery,
    /// System calls of the server for each delivery.
    CallsPerDelivery,
    DeliveriesPerSecond,
    /// Actions that the owner's side knows to be answered, a second.
    ActionsPerSecond,
    /// CPU time of the server for each action, with all its deliveries; µs.
    CpuPerAction,
    /// CPU time of a bare program that commits the same rows in the same groups, for each action;
    /// µs.
    BareCpuPerAction,
    /// The same of a bare program with one thread; µs.
    BareThreadCpuPerAction,
    /// The share of the node with the owner in the CPU time for each action; µs.
    OwnersNodeCpuPerAction,
    /// CPU time of what keeps or carries messages between nodes, for each action; µs.
    BetweenCpuPerAction,
    /// The same for each delivery; µs.
    BetweenCpuPerDelivery,
    EntriesPerSecond,
    ActionsPerEntry,
    BytesPerEntry,
    /// From just before the owner's write to its acknowledgement; ms.
    AckP50,
    AckP99,
    /// From an action's acknowledgement to its delivery on another node; ms.
    AfterAckP50,
    AfterAckP99,
    /// One publish to a stream with three replicas, as often a second; ms.
    PublishP50,
    PublishP99,
    CommitsPerSecond,
    ActionsPerCommit,
    RowsPerCommit,
    BytesPerRow,
    /// One append of 4 KiB, and then `fdatasync`, as often a second as the server commits; ms.
    AppendP50,
    AppendP99,
    /// The same, one after the other without a pause; ms.
    AppendLoopP50,
    /// Until a program with a full store listens, or has read all of it; s.
    Start,
    StoreMebibytes,
    StoreRows,
    /// Actions that were acknowledged in a run with an end in the middle.
    Acknowledged,
    /// Acknowledged actions that a follower never got.
    LostAcknowledged,
    /// From just before the owner's write to just after the follower's read; ms.
    P50,
    P99,
    P999,
    /// Growth of the server's proportional set size since before the connections came; KiB.
    MemoryPerConnection,
    /// Growth of the first node by each room that is opened there, with its owner; KiB.
    MemoryPerOwnedRoom,
    /// Growth of the last node by each room that is followed there, with one follower; KiB.
    MemoryPerFollowedRoom,
    /// Growth of the first node by each of its rooms that is followed on the last one; KiB.
    MemoryByFollowing,
    /// Growth of all NATS servers together by each room; KiB.
    MemoryPerRoomBetween,
    /// Growth of the server's proportional set size in the run; MiB.
    MemoryGrowth,
    /// CPU time of the server for each join, including the handshake; µs.
    CpuPerJoin,
    /// From the connect, or from the join where that is said, to the end of the snapshot; ms.
    JoinP50,
    JoinMax,
    /// Until the last follower has a message; ms.
    TimeToLast,
    /// Deliveries that never came.
    Lost,
    /// Deliveries that came twice or out of order.
    Repeated,
    /// Connections that the server ended.
    CutOff,
    /// Connections that the kernel dropped because too many waited for an accept. They retry after
    /// a second.
    NotQueued,
    /// Followers that did not get the newest message although they read again.
    Behind,
    /// Age of a throttled follower's newest message at the end; ms.
    ThrottledAge,
    /// Share of one core that the load generator used. Near 1 it is the bottleneck.
    LoadBusy,
    /// Share of one core that neither of the two used: other processes, or time that the host
    /// withheld.
    OthersBusy,
}

impl Metric {
    /// The head of its column in a table.
    pub(crate) fn head(self) -> &'static str {
        match self {
            Self::CpuPerDelivery => "CPU µs a delivery",
            Self::CallsPerDelivery => "system calls a delivery",
            Self::DeliveriesPerSecond => "deliveries/s",
            Self::ActionsPerSecond => "acknowledged/s",
            Self::CpuPerAction => "CPU µs an action",
            Self::BareCpuPerAction => "the bare program's",
            Self::BareThreadCpuPerAction => "the same on one thread",
            Self::OwnersNodeCpuPerAction => "of it the owner's node",
            Self::BetweenCpuPerAction => "NATS's or Redis's",
            Self::BetweenCpuPerDelivery => "NATS's or Redis's, a delivery",
            Self::EntriesPerSecond => "entries/s",
            Self::ActionsPerEntry => "actions an entry",
            Self::BytesPerEntry => "bytes an entry",
            Self::AckP50 => "acknowledged p50 ms",
            Self::AckP99 => "the same, p99 ms",
            Self::AfterAckP50 => "delivered after that, p50 ms",
            Self::AfterAckP99 => "delivered after that, p99 ms",
            Self::PublishP50 => "bare publish p50 ms",
            Self::PublishP99 => "bare publish p99 ms",
            Self::CommitsPerSecond => "commits/s",
            Self::ActionsPerCommit => "actions a commit",
            Self::RowsPerCommit => "rows a commit",
            Self::BytesPerRow => "bytes a row",
            Self::AppendP50 => "append + fdatasync p50 ms",
            Self::AppendP99 => "the same, p99 ms",
            Self::AppendLoopP50 => "in a tight loop, p50 ms",
            Self::Start => "s until it listens",
            Self::StoreMebibytes => "MiB",
            Self::StoreRows => "rows",
            Self::Acknowledged => "acknowledged",
            Self::LostAcknowledged => "acknowledged and lost",
            Self::P50 => "p50 ms",
            Self::P99 => "p99 ms",
            Self::P999 => "p99.9 ms",
            Self::MemoryPerConnection => "KiB a connection",
            Self::MemoryPerOwnedRoom => "KiB a room with its owner",
            Self::MemoryPerFollowedRoom => "KiB a room with a follower",
            Self::MemoryByFollowing => "KiB a room where its owner is, by that",
            Self::MemoryPerRoomBetween => "KiB a room in all NATS servers",
            Self::MemoryGrowth => "MiB grown",
            Self::CpuPerJoin => "CPU µs a join",
            Self::JoinP50 => "join p50 ms",
            Self::JoinMax => "join max ms",
            Self::TimeToLast => "ms to the last",
            Self::Lost => "lost",
            Self::Repeated => "repeated",
            Self::CutOff => "cut off",
            Self::NotQueued => "not queued",
            Self::Behind => "still behind",
            Self::ThrottledAge => "age at the throttled ms",
            Self::LoadBusy => "load generator busy",
            Self::OthersBusy => "others busy",
        }
    }

    /// Whether it counts faults. Of faults the worst run counts, not the median.
    pub(crate) fn counts_faults(self) -> bool {
        matches!(
            self,
            Self::Lost
                | Self::Repeated
                | Self::CutOff
                | Self::NotQueued
                | Self::Behind
                | Self::LostAcknowledged
        )
    }
}

/// All numbers of one run.
pub(crate) type Measurement = BTreeMap<Metric, f64>;

/// The summary of several runs: the median of each number, and the worst number of faults.
pub(crate) fn summary(runs: &[Measurement]) -> Measurement {
    let metrics: std::collections::BTreeSet<_> = runs.iter().flat_map(BTreeMap::keys).copied().collect();
    let values = |metric| runs.iter().filter_map(move |run| run.get(&metric)).copied();
    metrics
        .into_iter()
        .filter_map(|metric| {
            let value = if metric.counts_faults() {
                values(metric).reduce(f64::max)
            } else {
                median(values(metric).collect())
            };
            Some((metric, value?))
        })
        .collect()
}

/// The middle value, or the mean of the two in the middle; `None` without values.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        return values.get(middle).copied();
    }
    Some((values.get(middle.checked_sub(1)?)? + values.get(middle)?) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0]), Some(3.0));
        assert_eq!(median(vec![9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 9.0, 2.0]), Some(3.0));
    }

    #[test]
    fn a_fault_in_one_run_is_told() {
        let runs = [(1.0, 0.0), (2.0, 7.0), (3.0, 0.0)]
            .map(|(p50, lost)| Measurement::from([(Metric::P50, p50), (Metric::Lost, lost)]));
        assert_eq!(summary(&runs), Measurement::from([(Metric::P50, 2.0), (Metric::Lost, 7.0)]));
    }

    #[test]
    fn a_measurement_survives_its_way_through_json() {
        let run = Measurement::from([(Metric::CpuPerDelivery, 7.25), (Metric::Lost, 0.0)]);
        let json = serde_json::to_string(&run).unwrap();
        assert_eq!(serde_json::from_str::<Measurement>(&json).unwrap(), run);
    }
}
