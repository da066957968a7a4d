//! The clock of a server. It gives protocol code its timestamps, and tells pages the time.

use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rtbroadcaster_protocol::{Delay, Rate, Timestamp, TokenBucket};

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

    /// What it calls `now`, in milliseconds since 1970. It counts on evenly when the machine's
    /// clock is set.
    pub(crate) fn time_ms(self, now: Timestamp) -> u64 {
        self.started_ms.saturating_add(now.0)
    }

    pub(crate) fn now(self) -> Timestamp {
        Timestamp(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// Bounds how often the server tells its time. A reply to create or join isn't counted.
#[derive(Debug)]
pub(crate) struct ClockSamples {
    clock: Clock,
    rate: Rate,
    left: Mutex<TokenBucket>,
}

impl ClockSamples {
    pub(crate) fn new(clock: Clock, per_second: u64) -> Self {
        let rate = Rate::per_second(per_second);
        Self { clock, rate, left: Mutex::new(TokenBucket::new(rate, clock.now())) }
    }

    /// The server's time at this moment, in milliseconds since 1970.
    ///
    /// # Errors
    /// How long to wait: too many have asked.
    pub(crate) fn take(&self, now: Timestamp) -> Result<u64, Delay> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).try_take(self.rate, now)?;
        Ok(self.clock.time_ms(now))
    }
}
