//! The clock of a server: it gives protocol code its timestamps.

use std::time::Instant;
#[cfg(any(feature = "cluster", feature = "store"))]
use std::time::{SystemTime, UNIX_EPOCH};

use rtbroadcaster_protocol::Timestamp;

/// Counts milliseconds since it was started. It never runs backwards.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// When it was started, in milliseconds since 1970, by the clock of the machine as it is now.
    #[cfg(any(feature = "cluster", feature = "store"))]
    pub(crate) fn started_ms(self) -> u64 {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX).saturating_sub(self.now().0)
    }

    pub(crate) fn now(self) -> Timestamp {
        Timestamp(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}
