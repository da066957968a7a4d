//! A journal as the rooms and their table share it.

use rtbroadcaster_protocol::{Mark, Record, Room, RoomId};
use tokio::sync::watch;

use super::{Journal, Staged};

/// A journal, with whether it still keeps anything.
#[derive(Debug)]
pub(crate) struct JournalHandle {
    journal: Box<dyn Journal>,
    /// When the clock of the rooms started, in milliseconds since 1970.
    clock_start_ms: u64,
    /// Becomes true when the journal has failed.
    failed: watch::Receiver<bool>,
}

/// Why something is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotKept {
    /// The journal has failed or ended, so nothing more is kept. What was asked for may be kept or
    /// not.
    Ended,
    /// Another server has changed the room at the same moment. What was asked for is not kept, and
    /// may be asked for again.
    Lost,
}

impl JournalHandle {
    #[cfg(any(feature = "cluster", feature = "store"))]
    pub(crate) fn new(journal: Box<dyn Journal>, clock_start_ms: u64, failed: watch::Receiver<bool>) -> Self {
        Self { journal, clock_start_ms, failed }
    }

    /// The journal itself.
    pub(crate) fn journal(&self) -> &dyn Journal {
        &*self.journal
    }

    /// Has a new room kept from now on.
    pub(crate) fn keep(&self, room: &mut Room) {
        self.journal.opens(room);
        room.stage_records(self.clock_start_ms);
    }

    /// Pushes what a room has staged. To be called under the room's lock, so that the order in the
    /// journal is that of the room. False if it will never be kept.
    pub(crate) fn push(&self, room: &mut Room, has_checkpoint: bool) -> bool {
        let Some((bytes, mark)) = room.take_staged() else { return true };
        self.journal.push(Staged {
            room: room.id(),
            bytes,
            mark,
            oldest_seq: room.oldest_seq(),
            has_checkpoint,
            is_end: room.is_closed(),
        })
    }

    /// Ends a room that can't stage its end itself, because a bug has left it half changed.
    pub(crate) fn push_end(&self, room: RoomId) {
        let mut bytes = Vec::new();
        Record::Closed.encode(&mut bytes);
        let staged = Staged {
            room,
            bytes,
            mark: Mark::default(),
            oldest_seq: u64::MAX,
            has_checkpoint: false,
            is_end: true,
        };
        self.journal.push(staged);
    }

    /// Resolves when the journal has failed. If it never does, this never resolves.
    pub(crate) async fn failed(&self) {
        let mut failed = self.failed.clone();
        if failed.wait_for(|has_failed| *has_failed).await.is_err() {
            // The journal has ended in an orderly way.
            std::future::pending::<()>().await;
        }
    }
}
