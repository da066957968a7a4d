//! The subscribers of a room: the connections that a fan-out delivers to, because they have
//! everything so far.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rtbroadcaster_protocol::{Rendering, Standing};
use tokio::task::yield_now;

use super::chunk::{Chunk, LeftStep};
use super::containment::contained;
use super::run_state::RunState;
use super::send_context::{SendContext, with_send_context};
use super::step_frames::Source;
use super::subscriber::Subscriber;
use crate::atomic_option::AtomicOption;
use crate::metrics::{Metrics, Moment};

/// Chunks that are served before other tasks of the thread get their turn: 256 subscribers, which
/// take 0.5 to 2 ms.
const CHUNKS_PER_TURN: usize = 4;

/// Subscribers in chunks. A connection whose client doesn't take everything unsubscribes, and its
/// own task serves it until it has caught up.
#[derive(Debug)]
pub(crate) struct Subscribers {
    /// A change copies the list while a fan-out goes over it.
    chunks: Mutex<Arc<Vec<Arc<Chunk>>>>,
    len: AtomicUsize,
    run: RunState,
    /// When the oldest action was appended that no fan-out has begun to send.
    appended_at: AtomicOption<Moment>,
}

/// A connection's place among the subscribers of its room.
#[derive(Debug)]
pub(crate) struct Subscription {
    chunk: Arc<Chunk>,
}

/// One pass over all subscribers. Several threads may share it.
#[derive(Debug)]
pub(crate) struct Pass {
    chunks: Arc<Vec<Arc<Chunk>>>,
    /// The next chunk that no thread has taken yet.
    next: AtomicUsize,
    appended_at: Option<Moment>,
}

impl Default for Subscribers {
    fn default() -> Self {
        Self {
            chunks: Mutex::default(),
            len: AtomicUsize::new(0),
            run: RunState::default(),
            appended_at: AtomicOption::none(),
        }
    }
}

impl Subscription {
    /// Puts the subscriber in step with the others.
    pub(crate) fn get_in_step(&self, subscriber: &dyn Subscriber, standing: Standing) {
        self.chunk.get_in_step(subscriber, standing);
    }

    /// Takes the subscriber out of step. None if it isn't in step.
    pub(crate) fn leave_step(&self, subscriber: &dyn Subscriber) -> Option<LeftStep> {
        self.chunk.leave_step(subscriber)
    }
}

impl Subscribers {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// Subscribes a connection. It must look by itself for what came before the next fan-out
    /// begins.
    pub(crate) fn subscribe(&self, rendering: Rendering, subscriber: &Arc<dyn Subscriber>) -> Subscription {
        let mut chunks = self.lock();
        self.len.fetch_add(1, Ordering::Relaxed);
        if let Some(chunk) = chunks.iter().rev().find(|chunk| chunk.subscribe(rendering, subscriber)) {
            return Subscription { chunk: Arc::clone(chunk) };
        }
        let chunk = Arc::new(Chunk::new(rendering));
        chunk.subscribe(rendering, subscriber);
        Arc::make_mut(&mut chunks).push(Arc::clone(&chunk));
        Subscription { chunk }
    }

    /// Unsubscribes a connection that is not in step.
    pub(crate) fn unsubscribe(&self, subscription: Subscription, subscriber: &dyn Subscriber) {
        let Subscription { chunk } = subscription;
        let mut chunks = self.lock();
        self.len.fetch_sub(1, Ordering::Relaxed);
        if chunk.unsubscribe(subscriber) {
            Arc::make_mut(&mut chunks).retain(|other| !Arc::ptr_eq(other, &chunk));
        }
    }

    /// Wakes the task of every subscriber to look for news.
    pub(crate) fn wake(&self) {
        self.all().iter().flat_map(|chunk| chunk.all()).for_each(|subscriber| subscriber.wake());
    }

    /// Announces something new. For an action, `appended_at` is when it was appended. True if the
    /// caller must fan out; otherwise another thread does.
    pub(crate) fn announce(&self, appended_at: Option<Moment>) -> bool {
        if let Some(moment) = appended_at {
            self.appended_at.store_earlier(moment);
        }
        self.run.announce()
    }

    /// Begins a pass if there is something new since the last one began. Otherwise the fan-out is
    /// over. Only the caller that [`Subscribers::announce`] told to fan out may call this, and each
    /// pass must be over before the next begins.
    pub(crate) fn begin_pass(&self) -> Option<Pass> {
        self.run.begins_pass().then(|| Pass {
            appended_at: self.appended_at.take(),
            chunks: self.all(),
            next: AtomicUsize::new(0),
        })
    }

    /// Gives up a fan-out that is not over. The next announcement starts another.
    pub(crate) fn abandon(&self) {
        self.run.abandon();
    }

    fn all(&self) -> Arc<Vec<Arc<Chunk>>> {
        Arc::clone(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Vec<Arc<Chunk>>>> {
        // The list is consistent at every point where a panic could happen.
        self.chunks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// Serves all that nobody serves yet. True if anything was sent.
    pub(crate) fn serve(&self, source: &dyn Source, metrics: &Metrics) -> bool {
        with_send_context(metrics, |context| {
            while self.serve_chunk(source, context) {}
            context.counts.has_any()
        })
    }

    /// The same, and lets other tasks run in between.
    pub(crate) async fn serve_yielding(&self, source: &(dyn Source + Sync), metrics: &Metrics) -> bool {
        let mut has_sent = false;
        loop {
            let has_more = with_send_context(metrics, |context| {
                let has_more = (0..CHUNKS_PER_TURN).all(|_| self.serve_chunk(source, context));
                has_sent |= context.counts.has_any();
                has_more
            });
            if !has_more {
                return has_sent;
            }
            yield_now().await;
        }
    }

    /// Counts how long the action took to reach all subscribers. To be called at the end.
    pub(crate) fn end(&self, has_sent: bool, metrics: &Metrics) {
        if let Some(moment) = self.appended_at.filter(|_| has_sent) {
            metrics.written(moment);
        }
    }

    /// Serves the next chunk. False if there is none.
    fn serve_chunk(&self, source: &dyn Source, context: &mut SendContext) -> bool {
        let Some(chunk) = self.chunks.get(self.next.fetch_add(1, Ordering::Relaxed)) else { return false };
        let alone = contained("serving a room", || chunk.serve(source, context));
        // After a panic each is served alone, so that it ends only the one that it comes from.
        for subscriber in alone.unwrap_or_else(|| chunk.all()) {
            let delivered = contained("sending to a connection", || subscriber.deliver(context));
            if delivered != Some(true) {
                subscriber.wake();
            }
        }
        true
    }
}
