//! What followers in step have been sent.

use crate::{Audience, OwnerPresence};

/// What a follower in step was sent. Two followers with the same standing are sent the same next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The seq up to which it was served.
    pub(crate) seq: u64,
    /// The number of the [`News`] that it was told.
    pub(crate) news: u32,
}

/// What followers are told beside actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) owner: OwnerPresence,
    /// None if followers are not told.
    pub(crate) audience: Option<Audience>,
}

/// The newest news, and how often there were other ones.
#[derive(Debug, Default)]
pub(crate) struct NewsNumber {
    newest: Option<News>,
    number: u32,
}

impl NewsNumber {
    /// The number of these news, which are the newest.
    pub(crate) fn of(&mut self, news: News) -> u32 {
        if self.newest.replace(news) != Some(news) {
            self.number = self.number.wrapping_add(1);
        }
        self.number
    }
}

impl Standing {
    /// The seq up to which it was served.
    #[must_use]
    pub fn seq(self) -> u64 {
        self.seq
    }
}
