//! Codes that stand for no room, as JetStream has said a moment ago.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rtbroadcaster_protocol::{RoomCode, Timestamp};

/// How long an answer counts, in milliseconds.
const COUNTS_MS: u64 = 1_000;

/// Codes that are remembered. When there are more, all are forgotten.
const MAX_REMEMBERED: usize = 4_096;

/// Whoever asks for the same wrong code again within a second has the same answer.
#[derive(Debug, Default)]
pub(crate) struct MissedCodes(Mutex<HashMap<RoomCode, Timestamp>>);

impl MissedCodes {
    /// Notes that a code stands for no room now.
    pub(crate) fn note(&self, code: RoomCode, now: Timestamp) {
        // The map is consistent at every point where a panic could happen.
        let mut missed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if missed.len() >= MAX_REMEMBERED {
            missed.clear();
        }
        missed.insert(code, now);
    }

    /// Whether a code stood for no room a moment ago.
    pub(crate) fn has(&self, code: RoomCode, now: Timestamp) -> bool {
        let missed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        missed.get(&code).is_some_and(|at| now.since(*at) < COUNTS_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_for_a_second_and_few_are_remembered() {
        let missed = MissedCodes::default();
        let code = RoomCode::from_random(7, 6);
        assert!(!missed.has(code, Timestamp(0)));
        missed.note(code, Timestamp(0));
        assert!(missed.has(code, Timestamp(COUNTS_MS - 1)));
        assert!(!missed.has(code, Timestamp(COUNTS_MS)));
        for number in 0..=MAX_REMEMBERED as u128 {
            missed.note(RoomCode::from_random(number * 7_919, 6), Timestamp(0));
        }
        assert!(missed.0.lock().unwrap().len() <= MAX_REMEMBERED);
    }
}
