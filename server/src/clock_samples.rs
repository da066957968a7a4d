//! What the server tells of its time to pages that estimate its clock.

use std::sync::{Mutex, PoisonError};

use rtbroadcaster_protocol::{Delay, Rate, Timestamp, TokenBucket};

use crate::clock::Clock;

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
