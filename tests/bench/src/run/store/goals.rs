//! What a store may cost, and whether it does.

use crate::measurement::Metric;
use crate::run::candidate::Candidate::{self, Bare, Disk, Os, RedisAlways, RedisLater, Server};
use crate::run::goal::Goal;
use crate::run::results::Results;
use crate::scenario::Scenario;

/// The goals, line by line.
pub(super) fn all(results: &Results) -> Vec<Goal> {
    [cpu(results), busy(results), latency(results), ends(results)].into_iter().flatten().collect()
}

/// What a store adds to a number of the server in memory.
fn added(results: &Results, scenario: Scenario, candidate: Candidate, metric: Metric) -> Option<f64> {
    Some(results.value(scenario, candidate, metric)? - results.value(scenario, Server, metric)?)
}

fn cpu(results: &Results) -> Vec<Goal> {
    let against_bare = |scenario, candidate| {
        let bare = results.value(scenario, candidate, Metric::BareCpuPerAction)?;
        Some(added(results, scenario, candidate, Metric::CpuPerAction)? / bare)
    };
    let against_memory =
        |scenario, candidate| results.ratio(scenario, Metric::CpuPerAction, candidate, Server);
    vec![
        Goal::at_most(
            1.5,
            "500 rooms × 4 followers × 10/s, `disk`: CPU added an action against the bare program",
            against_bare(Scenario::Rooms, Disk),
        ),
        Goal::at_most(1.5, "the same, `os`", against_bare(Scenario::Rooms, Os)),
        Goal::at_most(
            1.5,
            "one room, 10 followers, 50/s, `disk`: CPU added an action against the bare program",
            against_bare(Scenario::Trickle, Disk),
        ),
        Goal::at_most(1.5, "the same, `os`", against_bare(Scenario::Trickle, Os)),
        Goal::told(
            "500 rooms, `disk`: CPU an action against the server in memory",
            against_memory(Scenario::Rooms, Disk),
        ),
        Goal::told("the same, `os`", against_memory(Scenario::Rooms, Os)),
        Goal::told(
            "paced, 1,000 followers × 50/s, `disk`: CPU an action against the server in memory",
            against_memory(Scenario::Paced, Disk),
        ),
        Goal::told("the same, `os`", against_memory(Scenario::Paced, Os)),
    ]
}

fn busy(results: &Results) -> Vec<Goal> {
    let metric = Metric::ActionsPerSecond;
    let ratio = |candidate| results.ratio(Scenario::Acknowledged, metric, candidate, Server);
    let peer = |candidate| results.value(Scenario::Acknowledged, candidate, metric);
    vec![
        Goal::at_least(
            0.5,
            "one room saturated and acknowledged, 10 followers, `disk`: actions/s against memory",
            ratio(Disk),
        ),
        Goal::at_least(0.9, "the same, `os`", ratio(Os)),
        Goal::told("the same, Socket.IO with Redis `always`: actions/s", peer(RedisAlways)),
        Goal::told("the same, Socket.IO with Redis `everysec`: actions/s", peer(RedisLater)),
    ]
}

fn latency(results: &Results) -> Vec<Goal> {
    let against = |append, scenario| {
        let append = results.value(scenario, Disk, append)?;
        Some(added(results, scenario, Disk, Metric::P50)? / append)
    };
    vec![
        Goal::at_most(
            2.2,
            "one room, 50/s, `disk`: added p50 against one append + fdatasync, as often a second",
            against(Metric::AppendP50, Scenario::Trickle),
        ),
        Goal::told(
            "the same, against appends in a tight loop",
            against(Metric::AppendLoopP50, Scenario::Trickle),
        ),
        Goal::at_most(
            2.2,
            "500 rooms, 5,000/s, `disk`: added p50 against one append + fdatasync, as often a second",
            against(Metric::AppendP50, Scenario::Rooms),
        ),
        Goal::told(
            "the same, against appends in a tight loop",
            against(Metric::AppendLoopP50, Scenario::Rooms),
        ),
        Goal::told(
            "one room, 50/s, `disk`: added p99, ms",
            added(results, Scenario::Trickle, Disk, Metric::P99),
        ),
        Goal::told("the same, `os`: added p50, ms", added(results, Scenario::Trickle, Os, Metric::P50)),
        Goal::told(
            "500 rooms, 5,000/s, `os`: added p50, ms",
            added(results, Scenario::Rooms, Os, Metric::P50),
        ),
    ]
}

fn ends(results: &Results) -> Vec<Goal> {
    let lost = |candidate| results.value(Scenario::Kill, candidate, Metric::LostAcknowledged);
    vec![
        Goal::at_most(
            3.0,
            "recovery of a full store against a bare program that reads all rows",
            results.ratio(Scenario::Recovery, Metric::Start, Disk, Bare),
        ),
        Goal::at_most(0.0, "`kill -9` under load, `disk`: acknowledged and lost", lost(Disk)),
        Goal::at_most(0.0, "the same, `os`", lost(Os)),
        Goal::told("the same, Socket.IO with Redis `always`", lost(RedisAlways)),
        Goal::told("the same, Socket.IO with Redis `everysec`", lost(RedisLater)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::Measurement;
    use crate::run::goal;

    #[test]
    fn an_append_at_the_same_pace_is_judged_and_one_in_a_tight_loop_is_told() {
        let mut results = Results::default();
        let run = |p50| {
            let appends = [(Metric::AppendP50, 0.4), (Metric::AppendLoopP50, 0.1)];
            Measurement::from_iter(appends.into_iter().chain([(Metric::P50, p50)]))
        };
        results.add(Scenario::Trickle, Server, Ok(run(0.2)));
        results.add(Scenario::Trickle, Disk, Ok(run(1.0)));
        let table = goal::table(&all(&results));
        let rows: Vec<_> = table.lines().skip_while(|line| !line.contains("added p50")).collect();
        assert!(rows[0].ends_with("| ≤ 2.2 | 2 | met |"), "{table}");
        assert!(rows[1].ends_with("tight loop | – | 8 | not judged |"), "{table}");
    }

    #[test]
    fn what_is_added_is_compared_with_the_bare_program() {
        let mut results = Results::default();
        let run = |cpu| Measurement::from([(Metric::CpuPerAction, cpu), (Metric::BareCpuPerAction, 10.0)]);
        results.add(Scenario::Rooms, Server, Ok(run(40.0)));
        results.add(Scenario::Rooms, Disk, Ok(run(60.0)));
        let table = goal::table(&all(&results));
        let row = |what: &str| table.lines().find(|line| line.contains(what)).unwrap().to_owned();
        assert!(row("10/s, `disk`: CPU added").ends_with("| ≤ 1.5 | 2 | **not met** |"), "{table}");
        assert!(row("500 rooms, `disk`: CPU").ends_with("| – | 1.500 | not judged |"), "{table}");
        assert!(row("recovery").ends_with("| ≤ 3 | – | not measured |"), "{table}");
    }
}
