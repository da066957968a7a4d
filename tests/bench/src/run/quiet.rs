//! Whether the machine was quiet. A server that is held up sends several messages at once, and
//! looks cheaper than it is; one that shares its caches looks dearer.

use anyhow::bail;

use super::results::Results;
use crate::measurement::{Measurement, Metric};

/// The share of one core that others may use during a turn.
const TOLERATED: f64 = 0.25;

/// The share of turns that others may disturb in a run whose results are kept.
const TOLERATED_TURNS: f64 = 0.1;

/// The share of one core that others used.
pub(super) fn others_busy(run: &Measurement) -> f64 {
    run.get(&Metric::OthersBusy).copied().unwrap_or(0.0)
}

/// Whether others used more than they may.
pub(super) fn is_disturbed(run: &Measurement) -> bool {
    others_busy(run) > TOLERATED
}

/// How quiet it was, in a sentence.
pub(super) fn sentence(results: &Results) -> String {
    let (disturbed, turns) = disturbed(results);
    let busy = format!("others used more than a quarter of a core in {disturbed} of {turns} turns");
    if is_quiet(disturbed, turns) { format!("Quiet: {busy}.") } else { format!("**Not quiet**: {busy}.") }
}

/// Whether it was.
pub(super) fn was_quiet(results: &Results) -> bool {
    let (disturbed, turns) = disturbed(results);
    is_quiet(disturbed, turns)
}

/// Fails for a run whose results are not to be kept.
pub(super) fn check(results: &Results) -> anyhow::Result<()> {
    let (disturbed, turns) = disturbed(results);
    if !is_quiet(disturbed, turns) {
        bail!(
            "the results are not kept: others were busy in {disturbed} of {turns} turns; try again when nothing else runs"
        );
    }
    Ok(())
}

fn disturbed(results: &Results) -> (usize, usize) {
    let (mut disturbed, mut turns) = (0, 0);
    for run in results.runs() {
        disturbed += usize::from(is_disturbed(run));
        turns += 1;
    }
    (disturbed, turns)
}

fn is_quiet(disturbed: usize, turns: usize) -> bool {
    disturbed as f64 <= turns as f64 * TOLERATED_TURNS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Candidate;
    use crate::scenario::Scenario;

    #[test]
    fn a_run_is_quiet_if_nine_of_ten_turns_were() {
        let mut results = Results::default();
        let mut add = |busy| {
            let run = Measurement::from([(Metric::OthersBusy, busy)]);
            results.add(Scenario::Paced, Candidate::Server, Ok(run));
        };
        (0..9).for_each(|_| add(0.2));
        add(0.3);
        assert!(check(&results).is_ok());
        assert!(sentence(&results).starts_with("Quiet: "));
        results.add(Scenario::Rooms, Candidate::Server, Ok(Measurement::from([(Metric::OthersBusy, 0.9)])));
        assert!(check(&results).unwrap_err().to_string().contains("2 of 11 turns"));
        assert!(sentence(&results).starts_with("**Not quiet**"));
    }
}
