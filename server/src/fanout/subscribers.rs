//! The subscribers of a room: the connections that a fan-out delivers to, because they have
//! everything so far.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::yield_now;

use super::containment::contained;
use super::run_state::RunState;
use super::send_context::{SendContext, with_send_context};
use crate::atomic_option::AtomicOption;
use crate::metrics::{Metrics, Moment};

/// Subscribers that are served before other tasks of the thread get their turn: some 2 ms.
const CHUNK_SIZE: usize = 256;

/// A connection, as its room's fan-out sees it.
pub(crate) trait Subscriber: fmt::Debug + Send + Sync {
    /// Sends everything there is for the client, without waiting. False if the connection's own
    /// task must send the rest.
    fn deliver(&self, context: &mut SendContext) -> bool;

    /// Leaves the rest to the connection's own task. `has_action` says that an action is among it.
    fn hand_over(&self, has_action: bool);

    /// Wakes the connection's own task to look for news.
    fn wake(&self);

    /// Its index in its list.
    fn index(&self) -> usize;

    /// Sets its index. Only the list itself calls this.
    fn set_index(&self, index: usize);
}

type List = Vec<Arc<dyn Subscriber>>;

/// Connections that one thread serves one after another. A connection whose client doesn't take
/// everything unsubscribes, and its own task serves it until it has caught up.
#[derive(Debug)]
pub(crate) struct Subscribers {
    /// A change copies the list while a fan-out goes over it.
    list: Mutex<Arc<List>>,
    run: RunState,
    /// When the oldest action was appended that no fan-out has begun to send.
    appended_at: AtomicOption<Moment>,
}

impl Default for Subscribers {
    fn default() -> Self {
        Self { list: Mutex::default(), run: RunState::default(), appended_at: AtomicOption::none() }
    }
}

impl Subscribers {
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Subscribes a connection. It must look by itself for what came before the next fan-out
    /// begins.
    pub(crate) fn subscribe(&self, subscriber: Arc<dyn Subscriber>) {
        let mut list = self.lock();
        subscriber.set_index(list.len());
        Arc::make_mut(&mut list).push(subscriber);
    }

    /// Unsubscribes a connection that is in this list.
    pub(crate) fn unsubscribe(&self, subscriber: &dyn Subscriber) {
        let mut list = self.lock();
        // Read under the lock: without it the index may change.
        let index = subscriber.index();
        let list = Arc::make_mut(&mut list);
        list.swap_remove(index);
        if let Some(moved) = list.get(index) {
            moved.set_index(index);
        }
    }

    /// Wakes the task of every subscriber to look for news.
    pub(crate) fn wake(&self) {
        for subscriber in self.all().iter() {
            subscriber.wake();
        }
    }

    /// Announces something new. For an action, `appended_at` is when it was appended. True if the
    /// caller must fan out; otherwise another thread does.
    pub(crate) fn announce(&self, appended_at: Option<Moment>) -> bool {
        if let Some(moment) = appended_at {
            self.appended_at.store_earlier(moment);
        }
        self.run.announce()
    }

    /// Serves the subscribers until there is nothing new. Only the caller that
    /// [`Subscribers::announce`] told to fan out may call this.
    pub(crate) fn fan_out(&self, metrics: &Metrics) {
        let run = self.run.run();
        while run.begins_pass() {
            let appended_at = self.appended_at.take();
            let has_sent = with_send_context(metrics, |context| {
                serve(&self.all(), context, appended_at.is_some());
                context.counts.has_any()
            });
            count_latency(metrics, appended_at, has_sent);
        }
    }

    /// Like [`Subscribers::fan_out`], in a task of its own that lets other tasks run in between.
    pub(crate) async fn fan_out_yielding(&self, metrics: &Metrics) {
        let run = self.run.run();
        let mut is_first = true;
        while run.begins_pass() {
            let appended_at = self.appended_at.take();
            let mut has_sent = false;
            for chunk in self.all().chunks(CHUNK_SIZE) {
                if !std::mem::take(&mut is_first) {
                    yield_now().await;
                }
                has_sent |= with_send_context(metrics, |context| {
                    serve(chunk, context, appended_at.is_some());
                    context.counts.has_any()
                });
            }
            count_latency(metrics, appended_at, has_sent);
        }
    }

    fn all(&self) -> Arc<List> {
        Arc::clone(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Arc<List>> {
        // The list is consistent at every point where a panic could happen.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(list: &[Arc<dyn Subscriber>], context: &mut SendContext, has_action: bool) {
    for subscriber in list {
        let delivered = contained("sending to a connection", || subscriber.deliver(context));
        if delivered != Some(true) {
            subscriber.hand_over(has_action);
        }
    }
}

/// Counts at the end of a pass how long the action took to reach all subscribers.
fn count_latency(metrics: &Metrics, appended_at: Option<Moment>, has_sent: bool) {
    if let Some(moment) = appended_at.filter(|_| has_sent) {
        metrics.written(moment);
    }
}
