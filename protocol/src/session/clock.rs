//! What a page knows of its server's clock.
//!
//! A page asks for the server's time and is told. The server has read its clock after the page has
//! asked and before the page has heard, so each exchange proves an interval in which the difference
//! of the two clocks lies. The clock keeps what all intervals have in common. That is narrower than
//! what the exchange with the shortest round trip says, because the way there of one exchange and
//! the way back of another may be the fast ones.

use crate::Timestamp;
use crate::mutation::mutated;

/// Two clocks drift apart by at most one microsecond in this many milliseconds: 50 millionths.
const DRIFT_MS_PER_US: u64 = 20;

/// What is known of the server's clock at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockEstimate {
    /// The server's time, in microseconds since 1970, at the start of the page's clock.
    pub offset_us: i64,
    /// The truth is at most this many microseconds away from it.
    pub uncertainty_us: u64,
}

impl ClockEstimate {
    /// The server's time at this moment of the page's clock, in microseconds since 1970.
    #[must_use]
    pub fn time_us(self, now: Timestamp) -> i64 {
        self.offset_us.saturating_add(microseconds(now.0))
    }
}

/// The interval in which the difference of the clocks lies. None before the first exchange.
#[derive(Debug, Default)]
pub(super) struct Clock(Option<Bounds>);

#[derive(Debug, Clone, Copy)]
struct Bounds {
    low_us: i64,
    high_us: i64,
    /// When they were right.
    at: Timestamp,
}

impl Bounds {
    /// The same bounds later: the clocks may have drifted apart.
    fn at(self, now: Timestamp) -> Self {
        let drift = now.since(self.at).div_ceil(DRIFT_MS_PER_US);
        let drift = if mutated!(ForgetToWiden) { 0 } else { i64::try_from(drift).unwrap_or(i64::MAX) };
        Self {
            low_us: self.low_us.saturating_sub(drift),
            high_us: self.high_us.saturating_add(drift),
            at: now,
        }
    }
}

impl Clock {
    /// Notes an exchange: the page has asked at `sent` and was told `time_ms` at `now`.
    pub(super) fn note(&mut self, sent: Timestamp, now: Timestamp, time_ms: u64) {
        // Each clock tells whole milliseconds, so it may be up to one further.
        let time = microseconds(time_ms);
        let (low_us, high_us) = (time - microseconds(now.0 + 1), time + 1_000 - microseconds(sent.0));
        let mut newest = Bounds { low_us, high_us, at: now };
        if mutated!(HalfTheRoundTrip) {
            let middle = low_us.midpoint(high_us);
            newest = Bounds { low_us: middle - 1_000, high_us: middle + 1_000, at: now };
        }
        let common = self.0.map(|bounds| {
            let bounds = bounds.at(now);
            let (low_us, high_us) = (bounds.low_us.max(newest.low_us), bounds.high_us.min(newest.high_us));
            Bounds { low_us, high_us, at: now }
        });
        // Without anything in common, one of the clocks has jumped, or this is another server.
        self.0 = Some(common.filter(|common| common.low_us <= common.high_us).unwrap_or(newest));
    }

    /// Forgets all exchanges: one of the clocks may have stopped, or the server is another one.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }

    /// What is known now. None before the first exchange.
    pub(super) fn estimate(&self, now: Timestamp) -> Option<ClockEstimate> {
        let Bounds { low_us, high_us, .. } = self.0?.at(now);
        Some(ClockEstimate {
            offset_us: low_us.midpoint(high_us),
            uncertainty_us: low_us.abs_diff(high_us).div_ceil(2),
        })
    }

    /// The moment of the page's clock at which the server's clock says `time_ms`. None before the
    /// first exchange.
    pub(super) fn moment_of(&self, time_ms: u64) -> Option<Timestamp> {
        // The bounds widen evenly, so their middle stays where it is.
        let Bounds { low_us, high_us, .. } = self.0?;
        let local_us = microseconds(time_ms).saturating_sub(low_us.midpoint(high_us)).max(0);
        Some(Timestamp(local_us.unsigned_abs().div_ceil(1_000)))
    }
}

fn microseconds(milliseconds: u64) -> i64 {
    i64::try_from(milliseconds).unwrap_or(i64::MAX).saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE_US: i64 = 5_000_000_000;

    fn estimate(clock: &Clock, now: u64) -> (i64, u64) {
        let estimate = clock.estimate(Timestamp(now)).expect("there was an exchange");
        (estimate.offset_us - MIDDLE_US, estimate.uncertainty_us)
    }

    #[test]
    fn exchanges_have_in_common_what_their_fastest_ways_prove() {
        let mut clock = Clock::default();
        assert_eq!(clock.estimate(Timestamp(0)), None);
        // The true difference is 5,000 s. There 100 ms, back 2 ms: the middle alone is 49 ms off.
        clock.note(Timestamp(1_000), Timestamp(1_102), 5_001_100);
        assert_eq!(estimate(&clock, 1_102), (49_000, 52_000));
        // There 2 ms, back 100 ms.
        clock.note(Timestamp(1_102), Timestamp(1_204), 5_001_104);
        let (offset, uncertainty) = estimate(&clock, 1_204);
        assert!(offset.abs() < 10 && uncertainty < 3_020, "{offset} ± {uncertainty}");
    }

    #[test]
    fn bounds_widen_with_time_and_give_way_to_an_exchange_that_contradicts_them() {
        let mut clock = Clock::default();
        clock.note(Timestamp(0), Timestamp(0), 5_000_000);
        assert_eq!(estimate(&clock, 0), (0, 1_000));
        assert_eq!(estimate(&clock, 20_000), (0, 2_000));
        clock.note(Timestamp(20_000), Timestamp(20_000), 5_027_000);
        assert_eq!(estimate(&clock, 20_000), (7_000_000, 1_000));
        assert_eq!(clock.moment_of(5_030_000), Some(Timestamp(23_000)));
        clock.forget();
        assert_eq!(clock.moment_of(5_030_000), None);
    }
}
