//! What a node of a cluster has done, and how it is.

use super::family;
use super::text::Text;
use crate::cluster::{ClusterCounts, ClusterReport};
use crate::metrics::LatencyCounts;

pub(super) fn write(text: &mut Text, counts: &ClusterCounts, report: &ClusterReport, is_ready: bool) {
    text.one(family::CLUSTER_READY, u8::from(is_ready));
    text.one(family::CLUSTER_SILENCE, report.silence.as_secs_f64());
    text.one(family::CLUSTER_NODES, report.nodes);
    text.one(family::CLUSTER_CLOCK_DIFFERENCE, report.clock_difference.as_secs_f64());
    text.one(family::CLUSTER_REPLICAS, report.replicas);
    text.one(family::CLUSTER_BEHIND, report.behind);
    text.one(family::CLUSTER_PROPOSING, report.proposing);
    text.one(family::CLUSTER_OLDEST_PROPOSAL, report.oldest_proposal.as_secs_f64());
    text.histogram(family::CLUSTER_LATENCY, &LatencyCounts::default().with(&counts.latency));
    for (family, counter) in [
        (family::CLUSTER_PROPOSALS, &counts.proposals),
        (family::CLUSTER_REPETITIONS, &counts.repetitions),
        (family::CLUSTER_CONFLICTS, &counts.conflicts),
        (family::CLUSTER_ENTRIES, &counts.entries),
        (family::CLUSTER_HOLES, &counts.holes),
        (family::CLUSTER_LOADS, &counts.loads),
        (family::CLUSTER_REBUILDS, &counts.rebuilds),
        (family::CLUSTER_UNLOADS, &counts.unloads),
        (family::CLUSTER_CONNECTS, &counts.connects),
        (family::CLUSTER_SLOW_CONSUMERS, &counts.slow_consumers),
        (family::CLUSTER_HANDED_POSTS, &counts.handed_posts),
        (family::CLUSTER_ASKED_CODES, &counts.asked_codes),
        (family::CLUSTER_ROSTER_MESSAGES, &counts.roster_messages),
    ] {
        text.one(family, counter.get());
    }
}
