//! Whether a thread fans out over a list of subscribers. Each list has one fan-out at a time, and
//! no announcement is lost.

use std::sync::atomic::{AtomicU8, Ordering};

/// No thread fans out.
const IDLE: u8 = 0;
/// A pass over the list is running.
const RUNNING: u8 = 1;
/// A pass must begin: there is something that the running pass, if any, may have missed.
const ANNOUNCED: u8 = 2;

/// Whether a list is being served, and whether there is something new for it.
#[derive(Debug, Default)]
pub(super) struct RunState(AtomicU8);

impl RunState {
    /// Announces something new. True if the caller must run; otherwise another thread runs and
    /// makes one more pass.
    pub(super) fn announce(&self) -> bool {
        self.0.swap(ANNOUNCED, Ordering::AcqRel) == IDLE
    }

    /// Gives up a run that is not over.
    pub(super) fn abandon(&self) {
        self.0.store(IDLE, Ordering::Release);
    }

    /// Begins a pass if there is something new since the last one began. Otherwise the run is over.
    /// Only the caller that [`RunState::announce`] told to run may call this.
    pub(super) fn begins_pass(&self) -> bool {
        if self.0.compare_exchange(RUNNING, IDLE, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            return false;
        }
        self.0.swap(RUNNING, Ordering::AcqRel);
        true
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
        assert!(state.begins_pass());
        assert!(!state.announce());
        assert!(state.begins_pass());
        assert!(!state.begins_pass());
        assert!(state.announce(), "nobody runs any more");
        assert!(state.begins_pass());
        state.abandon();
        assert!(state.announce(), "the run was given up");
    }
}
