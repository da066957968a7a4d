//! Containment of panics, which are bugs of ours. A panic ends only the step in which it happens,
//! not the others that run in the same thread. Fan-outs, the sweep and the rooms' alarms use it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing::error;

/// Runs one step of many. Returns none if the step panics, so that the others still run; the panic
/// is logged.
///
/// A lock that the step held is left poisoned, which shows the next thread that its content is half
/// changed.
pub(crate) fn contained<R>(what: &'static str, act: impl FnOnce() -> R) -> Option<R> {
    // The panic hook reports the panic itself and where it happened.
    catch_unwind(AssertUnwindSafe(act))
        .inspect_err(|_| error!(what, "a bug of the server: this step is given up, all else goes on"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_one_turn_and_the_others_run() {
        let done: Vec<_> = (0..3)
            .filter_map(|turn| contained("a turn", || [0, 2].into_iter().find(|n| *n == turn).unwrap()))
            .collect();
        assert_eq!(done, [0, 2]);
    }
}
