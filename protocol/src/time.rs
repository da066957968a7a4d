//! Moments and delays: the types in which callers pass time to this crate.

use core::num::NonZeroU64;

/// A moment, in milliseconds since a start that the caller chose. The caller's clock never runs
/// backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The moment `milliseconds` later.
    #[must_use]
    pub fn after(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Milliseconds from `earlier` to this moment; 0 if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A delay of at least one millisecond. "No delay" is [`None`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Delay(NonZeroU64);

impl Delay {
    /// A delay of this many milliseconds; none for 0.
    #[must_use]
    pub fn from_milliseconds(milliseconds: u64) -> Option<Self> {
        NonZeroU64::new(milliseconds).map(Self)
    }

    /// Its length in milliseconds.
    #[must_use]
    pub fn milliseconds(self) -> u64 {
        self.0.get()
    }
}
