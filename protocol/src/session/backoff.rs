//! How long a session waits before it connects again.

/// Upper bound of the first wait, in milliseconds.
const BASE_MS: u64 = 1_000;
/// Upper bound of every wait, in milliseconds.
const CAP_MS: u64 = 20_000;

/// Exponential backoff with full jitter: each wait is drawn evenly between zero and a bound that
/// doubles. So an audience that lost its server at one moment comes back spread out, with the
/// fewest attempts of the usual schemes (Marc Brooker, "Exponential Backoff And Jitter", AWS
/// Architecture Blog, 2015).
#[derive(Debug)]
pub(crate) struct Backoff {
    /// Attempts that failed since the last good connection.
    failures: u32,
    /// State of the random numbers.
    random: u64,
}

impl Backoff {
    /// `seed` is any random number.
    pub(crate) fn new(seed: u64) -> Self {
        Self { failures: 0, random: seed }
    }

    /// Milliseconds to wait, now that one more attempt has failed.
    pub(crate) fn next_wait(&mut self) -> u64 {
        // After this many doublings the bound is at its cap.
        let bound = (BASE_MS << self.failures.min(16)).min(CAP_MS);
        self.failures = self.failures.saturating_add(1);
        self.next_random() % (bound + 1)
    }

    /// Milliseconds to wait when the server has told its clients to spread their return over
    /// `window_ms`.
    pub(crate) fn spread(&mut self, window_ms: u64) -> u64 {
        self.next_random() % window_ms.saturating_add(1).max(1)
    }

    /// Notes that the last connection was a good one: the next wait is short again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// `SplitMix64` (Steele, Lea and Flood, 2014): small, and good enough to spread waits.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_its_cap_and_starts_over_after_a_success() {
        let longest = |failures: u32| {
            let waits = (0..500).map(|seed| {
                let mut backoff = Backoff::new(seed);
                for _ in 0..failures {
                    backoff.next_wait();
                }
                backoff.next_wait()
            });
            waits.max().unwrap_or(0)
        };
        for (failures, bound) in [(0, 1_000), (1, 2_000), (4, 16_000), (5, 20_000), (200, 20_000)] {
            let longest = longest(failures);
            assert!(
                longest <= bound && longest > bound * 9 / 10,
                "{failures} failures: {longest} of {bound}"
            );
        }
        let mut backoff = Backoff::new(7);
        for _ in 0..20 {
            backoff.next_wait();
        }
        backoff.reset();
        assert!(backoff.next_wait() <= 1_000);
    }
}
