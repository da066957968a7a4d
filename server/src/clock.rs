//! The clock of a server: it gives protocol code its timestamps.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rtbroadcaster_protocol::Timestamp;

/// Counts milliseconds since it was started. It never runs backwards.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
    /// The same moment by the clock of the machine, in milliseconds since 1970.
    started_ms: u64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started_ms = u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX);
        Self { started: Instant::now(), started_ms }
    }

    /// When it was started, in milliseconds since 1970, by the clock of the machine at that moment.
    pub(crate) fn started_ms(self) -> u64 {
        self.started_ms
    }

    /// What it calls `now`, in milliseconds since 1970. It counts on evenly when the machine's clock
    /// is set.
    pub(crate) fn time_ms(self, now: Timestamp) -> u64 {
        self.started_ms.saturating_add(now.0)
    }

    pub(crate) fn now(self) -> Timestamp {
        Timestamp(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}
