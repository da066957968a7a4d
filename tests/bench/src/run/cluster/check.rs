//! The limits that CI checks of two nodes: only ratios, with a wide margin for busy machines, and
//! that nothing is lost.

use anyhow::{Context, bail};

use crate::measurement::Metric;
use crate::run::candidate::Candidate::Cluster;
use crate::run::results::Results;
use crate::scenario::Scenario;

/// What is played. The load generator's followers don't ask again for a room that can't be had at
/// once, as pages do; so the death of their node is left to `cargo xtask test --only cluster`.
pub(crate) const SCENARIOS: [Scenario; 2] = [Scenario::Cluster500, Scenario::ClusterOwnersNode];

/// The acknowledgement of an action, as a multiple of a bare publish. The goal is 2.4.
const MAX_ACKNOWLEDGED: f64 = 10.0;
/// CPU time of an action, as a multiple of the bare program's. The goal is 1.5.
const MAX_CPU: f64 = 4.0;

/// Prints the results, and fails if they exceed a limit.
pub(crate) fn check(results: &Results) -> anyhow::Result<()> {
    if let Some(failure) = results.failures().first() {
        bail!("{failure}");
    }
    let value = |scenario, metric| {
        results.value(scenario, Cluster, metric).with_context(|| format!("not measured: {}", metric.head()))
    };
    let usual = |metric| value(Scenario::Cluster500, metric);
    let acknowledged = usual(Metric::AckP50)? / usual(Metric::PublishP50)?;
    let cpu = usual(Metric::CpuPerAction)? / usual(Metric::BareCpuPerAction)?;
    println!("an acknowledgement takes {acknowledged:.2} × a bare publish; it may take {MAX_ACKNOWLEDGED} ×");
    println!("an action costs two nodes {cpu:.2} × what it costs bare programs; it may cost {MAX_CPU} ×");
    if acknowledged > MAX_ACKNOWLEDGED || cpu > MAX_CPU {
        bail!("a cluster has become too slow; `cargo xtask bench --cluster --quick` tells more");
    }
    for scenario in SCENARIOS.into_iter().filter(|scenario| scenario.kills()) {
        for fault in [Metric::LostAcknowledged, Metric::Repeated] {
            let count = value(scenario, fault)?;
            if count > 0.0 {
                bail!("{}: {count} {}", scenario.title(), fault.head());
            }
        }
    }
    println!("a node that was killed lost and repeated nothing");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::Measurement;

    fn results(acknowledged: f64, cpu: f64, repeated: f64) -> Results {
        let mut results = Results::default();
        let usual = [
            (Metric::AckP50, acknowledged),
            (Metric::PublishP50, 0.5),
            (Metric::CpuPerAction, cpu),
            (Metric::BareCpuPerAction, 100.0),
        ];
        results.add(Scenario::Cluster500, Cluster, Ok(Measurement::from(usual)));
        for scenario in [Scenario::ClusterOwnersNode, Scenario::ClusterFollowersNode] {
            let run = [(Metric::LostAcknowledged, 0.0), (Metric::Repeated, repeated)];
            results.add(scenario, Cluster, Ok(Measurement::from(run)));
        }
        results
    }

    #[test]
    fn what_is_slow_or_dear_or_repeated_fails() {
        assert!(check(&results(1.0, 150.0, 0.0)).is_ok());
        assert!(check(&results(5.1, 150.0, 0.0)).is_err());
        assert!(check(&results(1.0, 401.0, 0.0)).is_err());
        assert!(check(&results(1.0, 150.0, 1.0)).is_err());
        assert!(check(&Results::default()).is_err());
    }
}
