//! A throttle for warnings that a flood of requests could repeat.

use std::sync::atomic::{AtomicU64, Ordering};

use rtbroadcaster_protocol::Timestamp;

/// How long no warning is allowed after one.
const PAUSE_MS: u64 = 10_000;

/// Allows one warning in each pause, so that an attacker can't fill the log.
#[derive(Debug, Default)]
pub(crate) struct LogThrottle {
    /// When the next warning is allowed, in milliseconds.
    allowed_from: AtomicU64,
}

impl LogThrottle {
    /// Whether a warning is allowed now. If so, the next one must wait.
    pub(crate) fn allows(&self, now: Timestamp) -> bool {
        let from = self.allowed_from.load(Ordering::Relaxed);
        let later = now.after(PAUSE_MS).0;
        now.0 >= from
            && self.allowed_from.compare_exchange(from, later, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_is_allowed_in_each_pause() {
        let throttle = LogThrottle::default();
        let times = (0..25_000).filter(|now| throttle.allows(Timestamp(*now)));
        assert_eq!(times.collect::<Vec<_>>(), [0, 10_000, 20_000]);
    }
}
