//! The histogram of latencies: from the append of an action until it is written.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds of the buckets, in microseconds. They reach from a room with a handful of followers
/// (7 µs each) past what a person notices (100 ms) to what no one would call live. There are three
/// for each power of ten, which is enough for alerts.
pub(super) const BOUNDS_MICROSECONDS: [u64; 14] =
    [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000];

/// The latencies of one shard.
#[derive(Debug, Default)]
pub(crate) struct Latency {
    /// One for each bound, and one for all above.
    buckets: [AtomicU64; BOUNDS_MICROSECONDS.len() + 1],
    nanoseconds: AtomicU64,
}

impl Latency {
    pub(crate) fn observe(&self, nanoseconds: u64) {
        let bucket = BOUNDS_MICROSECONDS.partition_point(|bound| nanoseconds > bound * 1_000);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }
}

/// The latencies of all shards.
#[derive(Debug, Default, Clone)]
pub(crate) struct LatencyCounts {
    buckets: [u64; BOUNDS_MICROSECONDS.len() + 1],
    nanoseconds: u64,
}

impl LatencyCounts {
    pub(crate) fn with(mut self, latency: &Latency) -> Self {
        for (sum, bucket) in self.buckets.iter_mut().zip(&latency.buckets) {
            *sum += bucket.load(Ordering::Relaxed);
        }
        self.nanoseconds = self.nanoseconds.wrapping_add(latency.nanoseconds.load(Ordering::Relaxed));
        self
    }

    /// Each bound with the number of latencies up to it.
    pub(crate) fn cumulative(&self) -> impl Iterator<Item = (u64, u64)> {
        let sums = self.buckets.iter().scan(0, |sum, bucket| {
            *sum += bucket;
            Some(*sum)
        });
        BOUNDS_MICROSECONDS.into_iter().zip(sums)
    }

    pub(crate) fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    pub(crate) fn seconds(&self) -> f64 {
        // A float counts nanoseconds exactly up to 2⁵³: a hundred days of latency.
        self.nanoseconds as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket_and_buckets_are_cumulative() {
        let latency = Latency::default();
        for nanoseconds in [0, 50_000, 50_001, 1_000_000_000, 1_000_000_001] {
            latency.observe(nanoseconds);
        }
        let counts = LatencyCounts::default().with(&latency).with(&Latency::default());
        let cumulative: Vec<_> = counts.cumulative().collect();
        assert_eq!(cumulative[..2], [(50, 2), (100, 3)]);
        assert_eq!(cumulative[13], (1_000_000, 4));
        assert_eq!(counts.count(), 5);
        assert_eq!(counts.seconds(), 2.000_100_002);
    }
}
