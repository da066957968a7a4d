//! What followers say one by one, until the owner is told.

use std::collections::VecDeque;

/// A value that a follower has said on a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// The lane's name.
    pub(crate) lane: String,
    /// The seq at which the lane was set.
    pub(crate) seq: u64,
    /// The number that names the follower to others, if it has a name.
    pub(crate) seat: Option<u32>,
    /// Compact JSON.
    pub(crate) value: String,
}

/// What the owner was not told yet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// What came since the owner was told last.
    new: VecDeque<Said>,
    /// What the owner is told now.
    due: VecDeque<Said>,
}

impl Inbox {
    pub(super) fn len(&self) -> usize {
        self.new.len() + self.due.len()
    }

    pub(super) fn push(&mut self, said: Said) {
        self.new.push_back(said);
    }

    /// Lets the owner be told what has come.
    pub(super) fn release(&mut self) {
        self.due.append(&mut self.new);
    }

    /// Takes the next value for the owner, if it has at most `bytes`.
    pub(super) fn take(&mut self, bytes: usize) -> Option<Said> {
        let next = self.due.front()?;
        if next.value.len() + next.lane.len() <= bytes { self.due.pop_front() } else { None }
    }

    /// Takes out everything that is still here.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Said> {
        std::mem::take(&mut self.new).into_iter().chain(std::mem::take(&mut self.due))
    }
}
