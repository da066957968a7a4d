//! How often something may happen: the measure of every rate limit, in this crate and in the
//! server.

use crate::{Delay, Timestamp};

/// Something may happen `times` times in `window_ms`. It may happen all these times at once after a
/// window without any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many times, at least 1.
    pub times: u64,
    /// In how many milliseconds, at least 1.
    pub window_ms: u64,
}

/// Holds the tokens for what may still happen now. It starts full, and time refills it.
///
/// A token counts as [`Rate::window_ms`] units, and each millisecond adds [`Rate::times`] units. So
/// no fraction is lost, however high or low the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenBucket {
    /// Units at the moment `at`.
    level: u64,
    /// When the level was right. In the future if there is a debt: it is paid then.
    at: Timestamp,
}

impl Rate {
    /// This many times a minute, at least once.
    #[must_use]
    pub fn per_minute(times: u64) -> Self {
        Self { times: times.max(1), window_ms: 60_000 }
    }

    /// This many times a second, at least once.
    #[must_use]
    pub fn per_second(times: u64) -> Self {
        Self { times: times.max(1), window_ms: 1_000 }
    }

    fn capacity(self) -> u64 {
        self.times.saturating_mul(self.window_ms)
    }
}

impl TokenBucket {
    /// A full bucket.
    #[must_use]
    pub fn new(rate: Rate, now: Timestamp) -> Self {
        Self { level: rate.capacity(), at: now }
    }

    /// Takes one token, or what is left of one.
    pub fn take(&mut self, rate: Rate, now: Timestamp) {
        self.level = self.level_at(rate, now).saturating_sub(rate.window_ms);
        self.at = now.max(self.at);
    }

    /// Takes one token if there is one.
    ///
    /// # Errors
    /// How long until there is one. Then nothing is taken.
    pub fn try_take(&mut self, rate: Rate, now: Timestamp) -> Result<(), Delay> {
        if let Some(delay) = self.wait(rate, now) {
            return Err(delay);
        }
        self.take(rate, now);
        Ok(())
    }

    /// Takes `times` tokens even if there are fewer; the rest becomes a debt. Until time has paid
    /// the debt, the bucket is empty.
    pub fn take_with_debt(&mut self, times: u64, rate: Rate, now: Timestamp) {
        let (level, cost) = (self.level_at(rate, now), times.saturating_mul(rate.window_ms));
        self.at = now.max(self.at);
        self.level = match cost.checked_sub(level) {
            None | Some(0) => level - cost,
            Some(debt) => {
                let paid_in = debt.div_ceil(rate.times);
                self.at = self.at.after(paid_in);
                // What the last of these milliseconds adds beyond the debt.
                paid_in * rate.times - debt
            }
        };
    }

    /// How long until the debt is paid. None if there is no debt.
    #[must_use]
    pub fn debt(&self, now: Timestamp) -> Option<Delay> {
        Delay::from_milliseconds(self.at.since(now))
    }

    /// How long until there is a token. None if there is one now.
    #[must_use]
    pub fn wait(&self, rate: Rate, now: Timestamp) -> Option<Delay> {
        let missing = rate.window_ms.saturating_sub(self.level_at(rate, now));
        Delay::from_milliseconds(missing.div_ceil(rate.times))
    }

    /// Whether it is as full as a new one.
    #[must_use]
    pub fn is_full(&self, rate: Rate, now: Timestamp) -> bool {
        self.level_at(rate, now) == rate.capacity()
    }

    fn level_at(&self, rate: Rate, now: Timestamp) -> u64 {
        self.level.saturating_add(now.since(self.at).saturating_mul(rate.times)).min(rate.capacity())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { times: 3, window_ms: 1_000 };

    fn delay(delay: Option<Delay>) -> u64 {
        delay.map_or(0, Delay::milliseconds)
    }

    #[test]
    fn a_burst_may_happen_at_once_and_then_one_at_a_time() {
        let mut bucket = TokenBucket::new(RATE, Timestamp(0));
        for _ in 0..3 {
            assert_eq!(delay(bucket.wait(RATE, Timestamp(0))), 0);
            bucket.take(RATE, Timestamp(0));
        }
        assert_eq!(delay(bucket.wait(RATE, Timestamp(0))), 334);
        assert_eq!(delay(bucket.wait(RATE, Timestamp(333))), 1);
        assert_eq!(delay(bucket.wait(RATE, Timestamp(334))), 0);
        bucket.take(RATE, Timestamp(334));
        assert_eq!(delay(bucket.wait(RATE, Timestamp(334))), 333);
    }

    #[test]
    fn over_a_long_time_exactly_the_rate_may_happen() {
        let rate = Rate { times: 7, window_ms: 1_000 };
        let mut bucket = TokenBucket::new(rate, Timestamp(0));
        let mut happened = 0;
        for now in 0..1_000_000 {
            if delay(bucket.wait(rate, Timestamp(now))) == 0 {
                bucket.take(rate, Timestamp(now));
                happened += 1;
            }
        }
        // The burst at the start, and 7 a second.
        assert_eq!(happened, 7 + 6_999);
    }

    #[test]
    fn over_a_long_time_debts_allow_exactly_the_rate() {
        let rate = Rate { times: 7, window_ms: 1_000 };
        let mut bucket = TokenBucket::new(rate, Timestamp(0));
        let mut happened = 0;
        for now in 0..1_000_000 {
            while delay(bucket.debt(Timestamp(now))) == 0 {
                bucket.take_with_debt(3, rate, Timestamp(now));
                happened += 3;
            }
        }
        // The burst at the start, 7 a second, and at most one step beyond.
        assert!((7_000..=7_010).contains(&happened), "{happened}");
    }

    #[test]
    fn an_empty_bucket_refills_to_a_burst_without_a_debt() {
        let mut bucket = TokenBucket::new(RATE, Timestamp(0));
        for now in [0, 1_000, 5_000] {
            for _ in 0..3 {
                bucket.take_with_debt(1, RATE, Timestamp(now));
                assert_eq!(delay(bucket.debt(Timestamp(now))), 0);
            }
            bucket.take_with_debt(1, RATE, Timestamp(now));
            assert_eq!(delay(bucket.debt(Timestamp(now))), 334);
            bucket = TokenBucket { level: 0, at: Timestamp(now) };
        }
    }

    #[test]
    fn a_large_debt_is_paid_by_time_and_then_the_bucket_is_empty() {
        let mut bucket = TokenBucket::new(RATE, Timestamp(0));
        bucket.take_with_debt(30, RATE, Timestamp(0));
        assert_eq!(delay(bucket.debt(Timestamp(0))), 9_000);
        bucket.take_with_debt(3, RATE, Timestamp(0));
        assert_eq!(delay(bucket.debt(Timestamp(9_000))), 1_000);
        assert_eq!(
            (delay(bucket.debt(Timestamp(10_000))), delay(bucket.wait(RATE, Timestamp(10_000)))),
            (0, 334)
        );
        assert!(bucket.is_full(RATE, Timestamp(11_000)));
    }

    #[test]
    fn an_empty_bucket_is_full_after_one_window() {
        let mut bucket = TokenBucket::new(RATE, Timestamp(0));
        for _ in 0..9 {
            bucket.take(RATE, Timestamp(0));
        }
        assert!(!bucket.is_full(RATE, Timestamp(999)));
        assert!(bucket.is_full(RATE, Timestamp(1_000)));
        assert_eq!(delay(bucket.wait(RATE, Timestamp(u64::MAX))), 0);
    }
}
