//! How much all followers of a server may say on lanes.

use std::sync::{Mutex, PoisonError};

use rtbroadcaster_protocol::{Delay, Limits, Rate, Timestamp, TokenBucket};

use super::address_limits::AddressLimits;

/// Bounds what is said on the lanes of all rooms together.
#[derive(Debug)]
pub(crate) struct LaneTraffic {
    rate: Rate,
    all: Mutex<TokenBucket>,
    /// What each address says over plain HTTP.
    pub(crate) posts: AddressLimits,
}

impl LaneTraffic {
    pub(crate) fn new(limits: &Limits, now: Timestamp) -> Self {
        let rate = Rate::per_second(limits.lane_messages_per_second);
        Self {
            rate,
            all: Mutex::new(TokenBucket::new(rate, now)),
            posts: AddressLimits::new(Rate::per_second(limits.lane_posts_per_second_per_address)),
        }
    }

    /// Counts a message. Returns how long the client that sent it is not to be read.
    pub(crate) fn count(&self, now: Timestamp) -> Option<Delay> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.take_with_debt(1, self.rate, now);
        all.debt(now)
    }
}
