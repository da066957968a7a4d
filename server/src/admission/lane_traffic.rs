//! How much all followers of a server may say on lanes.

use std::sync::{Mutex, PoisonError};

use rtbroadcaster_protocol::{Delay, Limits, Rate, Timestamp, TokenBucket};

use super::address_limits::AddressLimits;

/// What comes beyond so much debt, in milliseconds, holds up nobody longer.
const MAX_DEBT_MS: u64 = 1_000;

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
        if all.debt(now).is_none_or(|debt| debt.milliseconds() < MAX_DEBT_MS) {
            all.take_with_debt(1, self.rate, now);
        }
        all.debt(now)
    }

    /// Counts a message that can still be refused.
    ///
    /// # Errors
    /// How long until there is room for it. Then it isn't counted.
    pub(crate) fn try_count(&self, now: Timestamp) -> Result<(), Delay> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).try_take(self.rate, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_debt_is_bounded_and_what_is_refused_adds_nothing() {
        let now = Timestamp(10_000);
        let traffic = LaneTraffic::new(&Limits::default().with(|it| it.lane_messages_per_second = 10), now);
        for _ in 0..1_000 {
            traffic.count(now);
        }
        let debt = traffic.count(now).map_or(0, Delay::milliseconds);
        assert!((1_000..=1_100).contains(&debt), "{debt}");
        for _ in 0..1_000 {
            assert!(traffic.try_count(now).is_err());
        }
        assert_eq!(traffic.count(now).map_or(0, Delay::milliseconds), debt);
        assert!(traffic.try_count(Timestamp(12_000)).is_ok());
    }
}
