//! A room that threads share, with the connections that are subscribed to it. Connections and HTTP
//! requests change it and then serve it.

mod bell;
mod changes;
mod serving;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use rtbroadcaster_protocol::{Mark, Room, RoomCode, RoomId, RoomReport, SharedLanes, Timestamp};
use tokio::sync::Notify;

use crate::atomic_option::AtomicOption;
use crate::fanout::Subscribers;
use crate::journal::{JournalHandle, NotKept};
use crate::metrics::{Metrics, Moment};
use changes::{Changes, PendingChanges};

pub(crate) use bell::Bell;
pub(crate) use serving::RoomSubscription;

/// How long a request waits before it looks whether its room is still there.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// One room behind its lock, with its subscribed connections.
///
/// A thread holds the lock while it appends or cuts a slice out of the log, and never while it
/// writes to a socket.
#[derive(Debug)]
pub(crate) struct SharedRoom {
    id: RoomId,
    code: Option<RoomCode>,
    opened: Timestamp,
    room: Mutex<Room>,
    /// The same lanes as the room's. They have a lock of their own.
    lanes: SharedLanes,
    metrics: Arc<Metrics>,
    /// What has changed since the connections were last served.
    changes: PendingChanges,
    /// When the oldest action that is not served yet was appended.
    appended_at: AtomicOption<Moment>,
    /// The connections of the owner, and of former owners that have not been told yet that they are
    /// superseded.
    owners: Subscribers,
    followers: Subscribers,
    /// The owner isn't read until the followers have caught up.
    owner_waits: AtomicBool,
    /// Keeps what the room stages. None if the room ends with the process.
    journal: Option<Arc<JournalHandle>>,
    /// The room has staged something that the journal doesn't have yet.
    awaits_push: AtomicBool,
    /// The room has staged something that its journal has not taken, and will never keep.
    is_cut_off: AtomicBool,
    /// Notified when the journal has kept more of it.
    kept: Notify,
    /// Why the room was closed, once it was.
    end_reason: OnceLock<&'static str>,
}

/// When the journal gets what a change of a room has staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Push {
    Now,
    /// At once, and a checkpoint is part of it.
    WithCheckpoint,
    WhenServed,
}

impl SharedRoom {
    /// Shares a room. A room with a journal stages its records already.
    pub(crate) fn new(
        room: Room,
        opened: Timestamp,
        metrics: Arc<Metrics>,
        journal: Option<Arc<JournalHandle>>,
    ) -> Self {
        Self {
            id: room.id(),
            code: room.code(),
            opened,
            lanes: room.shared_lanes(),
            room: Mutex::new(room),
            metrics,
            changes: PendingChanges::default(),
            appended_at: AtomicOption::none(),
            owners: Subscribers::default(),
            followers: Subscribers::default(),
            owner_waits: AtomicBool::new(false),
            journal,
            awaits_push: AtomicBool::new(false),
            is_cut_off: AtomicBool::new(false),
            kept: Notify::new(),
            end_reason: OnceLock::new(),
        }
    }

    /// The room's id.
    pub(crate) fn id(&self) -> RoomId {
        self.id
    }

    /// The room's short code. None if its owner wanted none.
    pub(crate) fn code(&self) -> Option<RoomCode> {
        self.code
    }

    /// The room's lanes, without its lock.
    pub(crate) fn lanes(&self) -> &SharedLanes {
        &self.lanes
    }

    /// When the room was opened.
    pub(crate) fn opened(&self) -> Timestamp {
        self.opened
    }

    /// Calls `act` with the room. The caller must call [`SharedRoom::serve`] afterwards.
    ///
    /// Returns none if a panic, which is a bug of ours, has left the room half changed. The room
    /// then counts as gone: its connections are closed, and all other rooms live on.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Room) -> R) -> Option<R> {
        self.change(act, Push::Now)
    }

    /// As [`SharedRoom::with`], but the journal gets what the room stages from
    /// [`SharedRoom::serve`]: all that one read of a connection has brought at once.
    pub(crate) fn with_later_push<R>(&self, act: impl FnOnce(&mut Room) -> R) -> Option<R> {
        self.change(act, Push::WhenServed)
    }

    /// Has the room stage a checkpoint, so that its journal needs no older records.
    #[cfg(any(feature = "cluster", feature = "store"))]
    pub(crate) fn stage_checkpoint(&self) {
        self.change(Room::stage_checkpoint, Push::WithCheckpoint);
    }

    fn change<R>(&self, act: impl FnOnce(&mut Room) -> R, push: Push) -> Option<R> {
        let Ok(mut room) = self.room.lock() else {
            self.changes.add(Changes { for_followers: true, for_owner: true, appended: false });
            return None;
        };
        let (version, owner_version, served) = (room.version(), room.owner_version(), room.served_seq());
        let result = act(&mut room);
        match (&self.journal, push) {
            (None, _) => {}
            (Some(_), Push::WhenServed) => {
                if room.has_staged() {
                    self.awaits_push.store(true, Ordering::Release);
                }
            }
            (Some(journal), push) => {
                if !journal.push(&mut room, push == Push::WithCheckpoint) {
                    self.is_cut_off.store(true, Ordering::Release);
                }
            }
        }
        let hand_overs = room.take_hand_over_counts();
        if hand_overs.has_any() {
            self.metrics.hand_overs.add(&hand_overs);
        }
        let appended = room.served_seq().saturating_sub(served);
        if appended > 0 {
            self.note_appended(appended);
        }
        self.changes.add(Changes {
            for_followers: room.version() != version,
            for_owner: room.owner_version() != owner_version,
            appended: false,
        });
        Some(result)
    }

    /// Notes that the journal has kept all that was staged up to `mark`. The caller must call
    /// [`SharedRoom::serve`] afterwards. True if the room has ended.
    #[cfg(feature = "store")]
    pub(crate) fn note_kept(&self, mark: Mark) -> bool {
        let has_ended = self.with(|room| {
            room.committed(mark);
            room.has_ended()
        });
        self.wake_waiting();
        has_ended.unwrap_or(false)
    }

    /// Wakes those who wait until what they did is kept or recorded: more is, or never will be.
    pub(crate) fn wake_waiting(&self) {
        self.kept.notify_waiters();
    }

    /// Has the journal keep all that was staged up to `mark`, and waits for that. Without a journal
    /// it doesn't wait.
    ///
    /// # Errors
    /// - [`NotKept::Ended`]: the journal has failed or ended, or the room counts as gone.
    /// - [`NotKept::Lost`]: it will never be kept.
    pub(crate) async fn until_kept(&self, mark: Mark) -> Result<(), NotKept> {
        let Some(journal) = &self.journal else { return self.until_recorded(mark).await };
        loop {
            // Created before the room is asked, so that no notification is missed.
            let kept = self.kept.notified();
            let outcome = self.with(|room| {
                let is_lost = room.is_lost(mark);
                (is_lost || room.is_kept(mark)).then_some(if is_lost { Err(NotKept::Lost) } else { Ok(()) })
            });
            if let Some(outcome) = outcome.ok_or(NotKept::Ended)? {
                return outcome;
            }
            if self.is_cut_off.load(Ordering::Acquire) || self.look(Room::is_retired) != Some(false) {
                return Err(NotKept::Ended);
            }
            // Nobody else may have a reason to: a new room has no connection that is served.
            journal.journal().commit_here();
            tokio::select! {
                () = kept => {}
                () = journal.failed() => return Err(NotKept::Ended),
            }
        }
    }

    /// Waits until a batch of votes is kept, which the room stages when it is due.
    ///
    /// # Errors
    /// [`NotKept::Ended`]: the room or its journal has ended, or counts as gone.
    pub(crate) async fn until_voted(&self, batch: u64) -> Result<(), NotKept> {
        loop {
            // Created before the lanes are asked, so that no notification is missed.
            let kept = self.kept.notified();
            if self.lanes.is_batch_kept(batch) {
                return Ok(());
            }
            let has_ended = self.look(|room| room.is_retired() || room.is_closed()) != Some(false);
            if has_ended || self.is_cut_off.load(Ordering::Acquire) {
                return Err(NotKept::Ended);
            }
            let fails = async {
                match &self.journal {
                    Some(journal) => {
                        journal.journal().commit_here();
                        journal.failed().await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = kept => {}
                () = fails => return Err(NotKept::Ended),
                // The end of a room wakes nobody.
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    /// Waits until all up to `mark` is in the room's recording, while it is recorded.
    async fn until_recorded(&self, mark: Mark) -> Result<(), NotKept> {
        loop {
            // Created before the room is asked, so that no notification is missed.
            let kept = self.kept.notified();
            if self.look(|room| room.may_answer(mark)).ok_or(NotKept::Ended)? {
                return Ok(());
            }
            kept.await;
        }
    }

    /// Closes the room, unless that was done before. True if it has ended: without a journal at
    /// once, and with one when that is kept. The caller must call [`SharedRoom::serve`] afterwards.
    pub(crate) fn close(&self, reason: &'static str) -> bool {
        self.end_reason.get_or_init(|| reason);
        let has_ended = self.with(|room| {
            room.close();
            room.has_ended()
        });
        if has_ended.is_none()
            && let Some(journal) = &self.journal
            && !journal.journal().is_shared()
        {
            journal.push_end(self.id);
        }
        has_ended.unwrap_or(true)
    }

    /// Why the room was closed. None if it is open.
    pub(crate) fn end_reason(&self) -> Option<&'static str> {
        self.end_reason.get().copied()
    }

    /// A report of the room; none if it counts as gone.
    pub(crate) fn report(&self) -> Option<RoomReport> {
        self.look(Room::report)
    }

    /// Looks at the room without changing it. None if it counts as gone.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&Room) -> R) -> Option<R> {
        self.room.lock().ok().map(|room| look(&room))
    }

    /// Reads the clock for the first append only, however many actions follow before all are
    /// served.
    fn note_appended(&self, actions: u64) {
        self.metrics.appended(actions);
        if !self.changes.has_appended() {
            self.appended_at.store(Some(self.metrics.now()));
            self.changes.add(Changes { appended: true, ..Changes::default() });
        }
    }
}

#[cfg(test)]
mod tests;
