//! What each client knows: where the servers are, how busy to be, and whether to go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Interval, interval};

/// What the clients do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// They go on. A server was started again this many times.
    Going { restarts: u64 },
    /// The servers are left alone. Owners send their last action, and followers wait for it.
    Over,
}

/// One client's view.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) address: String,
    phase: watch::Receiver<Phase>,
    acknowledged: Arc<AtomicU64>,
    pause: Option<Duration>,
}

impl Context {
    pub(super) fn new(
        address: &str,
        phase: watch::Receiver<Phase>,
        acknowledged: &Arc<AtomicU64>,
        pause: Option<Duration>,
    ) -> Self {
        Self { address: address.to_owned(), phase, acknowledged: Arc::clone(acknowledged), pause }
    }

    /// Notes that one more action was acknowledged.
    pub(super) fn note_acknowledged(&self) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the owners send their last action now.
    pub(super) fn is_over(&self) -> bool {
        *self.phase.borrow() == Phase::Over
    }

    /// Waits until a server was started again, or the end has come.
    pub(super) async fn changed(&mut self) {
        if self.phase.changed().await.is_err() {
            // Nothing changes any more.
            std::future::pending::<()>().await;
        }
    }

    /// The pauses of an owner.
    pub(super) fn pace(&self) -> Pace {
        Pace(self.pause.map(interval))
    }
}

/// When an owner may send its next burst.
#[derive(Debug)]
pub(super) struct Pace(Option<Interval>);

impl Pace {
    /// Waits for the next burst; for ever, if there are no pauses.
    pub(super) async fn next(&mut self) {
        match &mut self.0 {
            Some(ticks) => drop(ticks.tick().await),
            None => std::future::pending().await,
        }
    }

    /// Whether there are pauses.
    pub(super) fn is_bounded(&self) -> bool {
        self.0.is_some()
    }
}
