//! A room as the server's threads share it.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use rtbroadcaster_protocol::{Room, RoomId, RoomReport, Timestamp};
use tokio::runtime::Handle;

use crate::connection::Connection;
use crate::fanout::subscribers::{NOTHING, Subscribers};
use crate::metrics::Metrics;

/// Followers that the thread which has an action serves by itself; a larger room is spread over all threads. So many
/// take some 2 ms, while waking another thread takes some microseconds.
const FOLLOWERS_PER_THREAD: usize = 256;

/// Something is new for the followers.
const FOR_FOLLOWERS: u8 = 1;
/// Something is new for the owner.
const FOR_OWNER: u8 = 2;
/// What is new for the followers is an action, or several.
const APPENDED: u8 = 4;

/// One room behind its lock, and where its connections sit.
///
/// The lock is held for an append or for cutting a slice out of the log, never across a write to a socket.
#[derive(Debug)]
pub(crate) struct SharedRoom {
    id: RoomId,
    opened: Timestamp,
    room: Mutex<Room>,
    metrics: Arc<Metrics>,
    /// What has changed since the connections were last served.
    changes: AtomicU8,
    /// When the first action was appended of those for which they were not served yet, in [`Metrics::nanoseconds`].
    appended_at: AtomicU64,
    /// The owner's connection, and those that have been the owner's and don't know better yet.
    owners: Subscribers,
    /// The first followers.
    followers: Subscribers,
    /// Those of a large room: one list for each further thread.
    more_followers: OnceLock<Box<[Subscribers]>>,
    /// The owner isn't read until the followers have caught up.
    owner_waits: AtomicBool,
}

/// Where a connection sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subscription {
    /// Among the owners.
    Owner,
    /// Among the followers, in which list.
    Follower(usize),
}

impl SharedRoom {
    pub(crate) fn new(room: Room, opened: Timestamp, metrics: Arc<Metrics>) -> Self {
        Self {
            id: room.id(),
            opened,
            room: Mutex::new(room),
            metrics,
            appended_at: AtomicU64::new(NOTHING),
            changes: AtomicU8::new(0),
            owners: Subscribers::default(),
            followers: Subscribers::default(),
            more_followers: OnceLock::new(),
            owner_waits: AtomicBool::new(false),
        }
    }

    /// The room's id.
    pub(crate) fn id(&self) -> RoomId {
        self.id
    }

    /// When it was opened.
    pub(crate) fn opened(&self) -> Timestamp {
        self.opened
    }

    /// Does something to the room; [`SharedRoom::serve`] is to be called then. Nothing if a panic, a bug of ours, has
    /// left the room half changed: it counts as gone then, which all in it are to hear, and all others live on.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Room) -> R) -> Option<R> {
        let Ok(mut room) = self.room.lock() else {
            self.changes.fetch_or(FOR_FOLLOWERS | FOR_OWNER, Ordering::AcqRel);
            return None;
        };
        let (before, owner_before, head_before) = (room.version(), room.owner_version(), room.head());
        let result = act(&mut room);
        let appended = room.head() - head_before;
        if appended > 0 {
            self.note_appended(appended);
        }
        let changes = if room.version() == before { 0 } else { FOR_FOLLOWERS }
            | if room.owner_version() == owner_before { 0 } else { FOR_OWNER };
        if changes != 0 {
            self.changes.fetch_or(changes, Ordering::AcqRel);
        }
        Some(result)
    }

    /// How the room is; nothing if it counts as gone.
    pub(crate) fn report(&self) -> Option<RoomReport> {
        self.room.lock().ok().map(|room| room.report())
    }

    /// Serves everyone in the room for whom something has changed: a small room at once, a large one by tasks. Says
    /// whether it has started tasks.
    ///
    /// Nobody's line may be locked by the caller.
    pub(crate) fn serve(self: &Arc<Self>) -> bool {
        let changes = self.changes.swap(0, Ordering::AcqRel);
        if changes & FOR_OWNER != 0 && self.owners.begin(NOTHING) {
            self.owners.fan_out(&self.metrics);
        }
        if changes & FOR_FOLLOWERS == 0 {
            return false;
        }
        let appended_at =
            if changes & APPENDED == 0 { NOTHING } else { self.appended_at.load(Ordering::Relaxed) };
        match self.more_followers.get() {
            None => {
                if self.followers.begin(appended_at) {
                    self.followers.fan_out(&self.metrics);
                    self.followers_were_served();
                }
                false
            }
            Some(more) => {
                self.serve_in_tasks(more.len(), appended_at);
                true
            }
        }
    }

    /// The same for those whose line may be locked: by a task of its own.
    pub(crate) fn serve_soon(self: &Arc<Self>) {
        let handle = Arc::clone(self);
        tokio::spawn(async move { handle.serve() });
    }

    /// Subscribers a connection.
    pub(crate) fn add(&self, is_owner: bool, connection: &Arc<Connection>) -> Subscription {
        let seat = if is_owner { Subscription::Owner } else { self.free_seat() };
        if let Some(seats) = self.seats(seat) {
            seats.add(connection);
        }
        seat
    }

    /// Takes a connection's seat away.
    pub(crate) fn remove(&self, seat: Subscription, connection: &Connection) {
        if let Some(seats) = self.seats(seat) {
            seats.remove(connection);
        }
    }

    /// Sets whether the owner's task is to be woken when followers have caught up.
    pub(crate) fn set_owner_waits(&self, waits: bool) {
        self.owner_waits.store(waits, Ordering::Release);
    }

    /// One follower was written what was appended, by its own task.
    pub(crate) fn note_written(&self) {
        let appended_at = self.appended_at.load(Ordering::Relaxed);
        if appended_at != NOTHING {
            self.metrics.written(appended_at);
        }
    }

    /// A follower or more have taken something: an owner that waits for that looks again.
    pub(crate) fn followers_were_served(&self) {
        if self.owner_waits.load(Ordering::Acquire) {
            self.owners.wake();
        }
    }

    fn serve_in_tasks(self: &Arc<Self>, more: usize, appended_at: u64) {
        for list in 0..=more {
            let seats = self.seats(Subscription::Follower(list));
            if seats.is_some_and(|seats| seats.len() > 0 && seats.begin(appended_at)) {
                let handle = Arc::clone(self);
                tokio::spawn(async move {
                    if let Some(seats) = handle.seats(Subscription::Follower(list)) {
                        seats.fan_out_yielding(&handle.metrics).await;
                    }
                    handle.followers_were_served();
                });
            }
        }
    }

    /// Once before the followers are served the time is looked at, however many actions are appended.
    fn note_appended(&self, actions: u64) {
        self.metrics.appended(actions);
        if self.changes.load(Ordering::Relaxed) & APPENDED == 0 {
            self.appended_at.store(self.metrics.nanoseconds(), Ordering::Relaxed);
            self.changes.fetch_or(APPENDED, Ordering::AcqRel);
        }
    }

    fn seats(&self, seat: Subscription) -> Option<&Subscribers> {
        match seat {
            Subscription::Owner => Some(&self.owners),
            Subscription::Follower(0) => Some(&self.followers),
            Subscription::Follower(list) => self.more_followers.get()?.get(list - 1),
        }
    }

    /// The list with the fewest followers, of as many as there are threads. The first is filled first.
    fn free_seat(&self) -> Subscription {
        if self.more_followers.get().is_none() && self.followers.len() < FOLLOWERS_PER_THREAD {
            return Subscription::Follower(0);
        }
        let more = self.more_followers.get_or_init(|| {
            let threads = Handle::try_current().map_or(1, |runtime| runtime.metrics().num_workers());
            (1..threads).map(|_| Subscribers::default()).collect()
        });
        let shortest = more.iter().enumerate().min_by_key(|(_, seats)| seats.len());
        match shortest {
            Some((list, seats)) if seats.len() < self.followers.len() => Subscription::Follower(list + 1),
            _ => Subscription::Follower(0),
        }
    }
}
