//! Whether somebody fans out over a list, so that each list has one fan-out at a time and none that is
//! announced is forgotten.

use std::sync::atomic::{AtomicU8, Ordering};

/// Nobody fans out.
const IDLE: u8 = 0;
/// A pass over the list is under way.
const RUNNING: u8 = 1;
/// A pass is to begin: there is something that the one under way, if any, may have missed.
const ANNOUNCED: u8 = 2;

/// Whose turn it is.
#[derive(Debug, Default)]
pub(super) struct RunState(AtomicU8);

impl RunState {
    /// Says that there is something new. True if the caller is to run; otherwise somebody runs already
    /// and makes one more pass.
    pub(super) fn announce(&self) -> bool {
        self.0.swap(ANNOUNCED, Ordering::AcqRel) == IDLE
    }

    /// Begins to run. Only the caller that [`RunState::announce`] told to run may do so.
    pub(super) fn run(&self) -> Run<'_> {
        Run(self)
    }
}

/// Somebody runs. A panic, which is a bug of ours, ends this run; the next announcement starts another.
pub(super) struct Run<'state>(&'state RunState);

impl Run<'_> {
    /// Begins a pass if there is something new since the last one began; otherwise the run is over.
    pub(super) fn begins_pass(&self) -> bool {
        let state = &self.0.0;
        match state.compare_exchange(RUNNING, IDLE, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => false,
            Err(_) => {
                state.swap(RUNNING, Ordering::AcqRel);
                true
            }
        }
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.0.store(IDLE, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_runs_and_makes_a_pass_for_each_announcement_that_its_last_pass_may_have_missed() {
        let state = RunState::default();
        assert!(state.announce());
        assert!(!state.announce(), "the first caller is to run");
        let run = state.run();
        assert!(run.begins_pass());
        assert!(!state.announce());
        assert!(run.begins_pass());
        assert!(!run.begins_pass());
        drop(run);
        assert!(state.announce(), "nobody runs any more");
    }

    #[test]
    fn a_panic_ends_the_run_and_not_the_list() {
        let state = RunState::default();
        assert!(state.announce());
        let run = std::panic::AssertUnwindSafe(|| {
            let run = state.run();
            assert!(run.begins_pass());
            panic!("of this test");
        });
        assert!(std::panic::catch_unwind(run).is_err());
        assert!(state.announce());
    }
}
