//! How a shared room serves the connections that are subscribed to it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rtbroadcaster_protocol::{Frame, Rendering, Room, Standing};
use tokio::runtime::Handle;

use super::SharedRoom;
use crate::fanout::{LeftStep, Next, Pass, Source, Subscriber, Subscribers, Subscription};

/// Followers that the appending thread serves at once, which takes 2 to 6 ms. A larger room is
/// served by a task, which lets other tasks run in between.
const FOLLOWERS_AT_ONCE: usize = 1_024;

/// Followers for each thread that takes part in a fan-out. Waking a thread, and moving to it what
/// it touches, costs about a third more for each delivery (docs/decisions.md); for this many
/// followers, every millisecond that another thread saves is one of some ten.
const FOLLOWERS_PER_THREAD: usize = 4_096;

/// A connection's place among those that its room serves.
#[derive(Debug)]
pub(crate) struct RoomSubscription {
    is_owner: bool,
    subscription: Subscription,
}

impl RoomSubscription {
    /// Puts a follower in step with the others.
    pub(crate) fn get_in_step(&self, subscriber: &dyn Subscriber, standing: Standing) {
        self.subscription.get_in_step(subscriber, standing);
    }

    /// Takes a follower out of step. None if it isn't in step.
    pub(crate) fn leave_step(&self, subscriber: &dyn Subscriber) -> Option<LeftStep> {
        self.subscription.leave_step(subscriber)
    }
}

impl SharedRoom {
    /// Serves the connections for which something has changed: those of a small room at once, those
    /// of a large one in a task. True if a task serves it.
    ///
    /// The caller must not hold the lock of any connection's state.
    pub(crate) fn serve(self: &Arc<Self>) -> bool {
        if self.awaits_push.load(Ordering::Acquire) && self.awaits_push.swap(false, Ordering::AcqRel) {
            self.with(|_| ());
        }
        if let Some(journal) = &self.journal {
            journal.journal().commit_here();
        }
        let changes = self.changes.take();
        if changes.for_owner && self.owners.announce(None) {
            let mut run = Run::of(self, true);
            while let Some((pass, _)) = run.next_pass() {
                let has_sent = pass.serve(&**self, &self.metrics);
                pass.end(has_sent, &self.metrics);
            }
        }
        if !changes.for_followers {
            return false;
        }
        let is_large = self.followers.len() > FOLLOWERS_AT_ONCE;
        let appended_at = if changes.appended { self.appended_at.load() } else { None };
        if self.followers.announce(appended_at) {
            let run = Run::of(self, false);
            if is_large {
                tokio::spawn(run.fan_out_yielding());
            } else {
                run.fan_out();
            }
        }
        is_large
    }

    /// Serves the room in a task of its own, for a caller that may hold the lock of a connection's
    /// state.
    pub(crate) fn serve_soon(self: &Arc<Self>) {
        let room = Arc::clone(self);
        tokio::spawn(async move { room.serve() });
    }

    /// Subscribes a connection. Fan-outs deliver to it from now on.
    pub(crate) fn subscribe(
        &self,
        is_owner: bool,
        rendering: Rendering,
        subscriber: &Arc<dyn Subscriber>,
    ) -> RoomSubscription {
        let subscription = self.list(is_owner).subscribe(rendering, subscriber);
        RoomSubscription { is_owner, subscription }
    }

    /// Unsubscribes a connection that is not in step.
    pub(crate) fn unsubscribe(&self, subscription: RoomSubscription, subscriber: &dyn Subscriber) {
        self.list(subscription.is_owner).unsubscribe(subscription.subscription, subscriber);
    }

    /// Sets whether the owner's task must be woken when followers have caught up.
    pub(crate) fn set_owner_waits(&self, waits: bool) {
        self.owner_waits.store(waits, Ordering::Release);
    }

    /// Notes that followers were served. An owner that waits for them checks again.
    pub(crate) fn followers_were_served(&self) {
        if self.owner_waits.load(Ordering::Acquire) {
            self.owners.wake();
        }
    }

    /// How many other threads take part in a pass.
    fn helpers(&self) -> usize {
        let threads = Handle::try_current().map_or(1, |runtime| runtime.metrics().num_workers());
        (self.followers.len() / FOLLOWERS_PER_THREAD).min(threads - 1)
    }

    fn help(self: &Arc<Self>, pass: Arc<Pass>) -> tokio::task::JoinHandle<bool> {
        let room = Arc::clone(self);
        tokio::spawn(async move { pass.serve_yielding(&*room, &room.metrics).await })
    }

    /// Ends a pass that began when this was the newest seq.
    fn end_pass(&self, pass: &Pass, seq: u64, has_sent: bool) {
        pass.end(has_sent, &self.metrics);
        self.with_later_push(|room| room.note_in_step(seq));
        self.followers_were_served();
    }

    fn list(&self, is_owner: bool) -> &Subscribers {
        if is_owner { &self.owners } else { &self.followers }
    }
}

/// A fan-out over the owners or the followers of a room. It is given up when it is dropped before
/// it is over, as after a panic.
struct Run {
    room: Arc<SharedRoom>,
    is_owners: bool,
    is_over: bool,
}

impl Run {
    /// A fan-out that was announced.
    fn of(room: &Arc<SharedRoom>, is_owners: bool) -> Self {
        Self { room: Arc::clone(room), is_owners, is_over: false }
    }

    /// The next pass, and the room's newest seq when it began.
    fn next_pass(&mut self) -> Option<(Pass, u64)> {
        let seq = self.room.look(Room::served_seq).unwrap_or_default();
        let pass = self.room.list(self.is_owners).begin_pass();
        self.is_over = pass.is_none();
        Some((pass?, seq))
    }

    /// Serves the followers until there is nothing new.
    fn fan_out(mut self) {
        while let Some((pass, seq)) = self.next_pass() {
            let has_sent = pass.serve(&*self.room, &self.room.metrics);
            self.room.end_pass(&pass, seq, has_sent);
        }
    }

    /// The same, in a task that lets others run in between, and with other threads for a room of
    /// thousands.
    async fn fan_out_yielding(mut self) {
        while let Some((pass, seq)) = self.next_pass() {
            let (room, pass) = (&self.room, Arc::new(pass));
            let helpers: Vec<_> = (0..room.helpers()).map(|_| room.help(Arc::clone(&pass))).collect();
            let mut has_sent = pass.serve_yielding(&**room, &room.metrics).await;
            for helper in helpers {
                // A panic is contained where it happens.
                has_sent |= helper.await.unwrap_or(false);
            }
            room.end_pass(&pass, seq, has_sent);
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.is_over {
            self.room.list(self.is_owners).abandon();
        }
    }
}

impl Source for SharedRoom {
    fn serve_in_step(&self, rendering: Rendering, standing: Standing, frame: &mut Frame) -> Option<Next> {
        let served = self.with_later_push(|room| {
            let standing = room.serve_in_step(rendering, standing, frame)?;
            Some(Next { standing, has_more: standing.seq() < room.served_seq() })
        });
        served.flatten()
    }
}
