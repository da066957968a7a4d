//! The room that was lost, and in whose place another was opened under the same id.

/// What is known of a room that was lost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Predecessor {
    /// A number above all its seqs and epochs.
    end: u64,
    /// The newest of them that is known. Without one, a page that was loaded anew has opened this
    /// room, and that claim is newer than any other.
    newest: Option<u64>,
}

impl Predecessor {
    /// `newest` is the epoch that the session names which opens the other room.
    pub(crate) fn new(end: u64, newest: Option<u64>) -> Self {
        Self { end, newest }
    }

    /// Whether nothing was appended yet to the room in its place, which has this head.
    pub(crate) fn is_head(self, head: u64) -> bool {
        head == self.end
    }

    /// Whether a session names an epoch of the lost room.
    pub(crate) fn had_epoch(self, epoch: Option<u64>) -> bool {
        epoch.is_some_and(|epoch| epoch < self.end)
    }

    /// Whether a session names an epoch of the lost room that is newer than that of the session
    /// which has opened this one. The other one was superseded then, and not told.
    pub(crate) fn is_newer_claim(self, epoch: Option<u64>) -> bool {
        self.had_epoch(epoch) && self.newest.is_some_and(|newest| epoch > Some(newest))
    }
}
