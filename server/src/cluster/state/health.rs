//! Whether this node can have and keep rooms: JetStream has answered lately.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A node that has had no answer of JetStream for so long doesn't know any more what its rooms are.
/// It takes up to 9 s to elect a leader.
pub(crate) const UNANSWERED: Duration = Duration::from_secs(15);

/// When JetStream has answered last.
#[derive(Debug)]
pub(crate) struct Health(Mutex<Instant>);

impl Health {
    /// The streams have just been looked at.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    pub(crate) fn note_answer(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long JetStream has not answered.
    pub(crate) fn silence(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.silence() < UNANSWERED
    }
}
