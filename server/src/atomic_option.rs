//! An optional moment that threads share without a lock, for connections, rooms and metrics.

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

use rtbroadcaster_protocol::Timestamp;

/// Stands for no moment. No real moment is that late: in milliseconds it is 584 million years after
/// the start, in nanoseconds 584 years.
const NONE: u64 = u64::MAX;

/// A moment that fits into an atomic word.
pub(crate) trait Word: Copy {
    fn to_word(self) -> u64;
    fn from_word(word: u64) -> Self;
}

impl Word for Timestamp {
    fn to_word(self) -> u64 {
        self.0
    }

    fn from_word(word: u64) -> Self {
        Self(word)
    }
}

/// An `Option` of a moment, read and written without a lock. It orders nothing else: every access
/// is `Relaxed`.
pub(crate) struct AtomicOption<T> {
    word: AtomicU64,
    moment: PhantomData<T>,
}

impl<T: Word> AtomicOption<T> {
    pub(crate) const fn none() -> Self {
        Self { word: AtomicU64::new(NONE), moment: PhantomData }
    }

    pub(crate) fn load(&self) -> Option<T> {
        option(self.word.load(Ordering::Relaxed))
    }

    pub(crate) fn store(&self, moment: Option<T>) {
        self.word.store(moment.map_or(NONE, T::to_word), Ordering::Relaxed);
    }

    /// Returns the moment and leaves none.
    pub(crate) fn take(&self) -> Option<T> {
        option(self.word.swap(NONE, Ordering::Relaxed))
    }

    /// Stores this moment if there is none or only a later one.
    pub(crate) fn store_earlier(&self, moment: T) {
        self.word.fetch_min(moment.to_word(), Ordering::Relaxed);
    }
}

fn option<T: Word>(word: u64) -> Option<T> {
    (word != NONE).then(|| T::from_word(word))
}

impl<T: Word + fmt::Debug> fmt::Debug for AtomicOption<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.load().fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_moment_is_kept_until_it_is_taken() {
        let moment = AtomicOption::none();
        assert_eq!(moment.load(), None);
        for milliseconds in [7, 5, 9] {
            moment.store_earlier(Timestamp(milliseconds));
        }
        assert_eq!(moment.take(), Some(Timestamp(5)));
        assert_eq!(moment.load(), None);
        moment.store(Some(Timestamp(0)));
        assert_eq!(moment.load(), Some(Timestamp(0)));
    }
}
