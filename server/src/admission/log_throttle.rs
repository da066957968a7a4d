//! Says things seldom that could be said for each of a flood.

use std::sync::atomic::{AtomicU64, Ordering};

use rtbroadcaster_protocol::Timestamp;

/// How long nothing is said after something was.
const PAUSE_MS: u64 = 10_000;

/// Whether it is time to say something again: an attacker must not fill the log.
#[derive(Debug, Default)]
pub(crate) struct LogThrottle {
    /// From when on; 0 is at once.
    allowed_from: AtomicU64,
}

impl LogThrottle {
    /// True once in a while.
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
