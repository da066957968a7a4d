//! The clock of a server: it gives protocol code its timestamps.

use std::time::Instant;

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

    pub(crate) fn now(self) -> Timestamp {
        Timestamp(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}
