//! How long a client waits before it tries again.

use std::time::Duration;

/// The longest wait after the first failure, in milliseconds. Each failure in a row doubles it.
const FIRST_MS: u64 = 500;

/// The longest wait, in milliseconds.
const MAX_MS: u64 = 30_000;

/// Waits that grow, each a random part of the longest, so that many clients don't come at once.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure, and no shorter than the server asks for.
    pub(crate) fn next(&mut self, asked: Option<Duration>) -> Duration {
        let longest = FIRST_MS.saturating_mul(1 << self.failures.min(16)).min(MAX_MS);
        self.failures = self.failures.saturating_add(1);
        part_of(longest) + asked.unwrap_or_default()
    }

    /// Something has worked.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

/// A random part of this many milliseconds.
pub(crate) fn part_of(longest_ms: u64) -> Duration {
    // Without random numbers it is all of them.
    Duration::from_millis(getrandom::u64().map_or(longest_ms, |random| random % longest_ms.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_limit_and_begin_anew() {
        let mut backoff = Backoff::default();
        for longest in [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
            assert!(backoff.next(None) <= Duration::from_millis(longest));
        }
        let asked = Duration::from_secs(60);
        assert!(backoff.next(Some(asked)) >= asked);
        backoff.reset();
        assert!(backoff.next(None) <= Duration::from_millis(FIRST_MS));
    }
}
