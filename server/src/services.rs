//! What connections need from their server: limits, clock, metrics, access and rooms.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rtbroadcaster_protocol::Limits;

use crate::Settings;
use crate::access::{Access, Deciding, EntryRequest};
use crate::admission::LogThrottle;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::room_events::RoomEventSource;
use crate::rooms::RoomTable;

/// What all connections of a server share. It holds no connection, so that connections can hold it.
#[derive(Debug)]
pub(crate) struct Services {
    /// The bounds that rooms and connections keep.
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    /// Judges tokens.
    pub(crate) access: Access,
    pub(crate) rooms: Arc<RoomTable>,
    /// Says when a refusal may be logged as a warning.
    pub(crate) log_throttle: Arc<LogThrottle>,
    /// No connection is let in any more.
    pub(crate) shutting_down: AtomicBool,
    /// Clients are being sent away.
    pub(crate) draining: AtomicBool,
}

impl Services {
    pub(crate) fn new(settings: &Settings) -> Self {
        let limits = settings.limits.clone();
        let clock = Clock::start();
        let metrics = Arc::new(Metrics::new());
        let log_throttle = Arc::new(LogThrottle::default());
        let events = Arc::new(RoomEventSource::new(settings.buffered_events));
        let rooms = RoomTable::new(
            &limits,
            settings.access.reopen_secret.as_ref(),
            clock,
            Arc::clone(&metrics),
            Arc::clone(&log_throttle),
            events,
        );
        Self {
            access: Access::new(&settings.access),
            rooms: Arc::new(rooms),
            limits,
            clock,
            metrics,
            log_throttle,
            shutting_down: AtomicBool::new(false),
            draining: AtomicBool::new(false),
        }
    }

    /// Asks the application about an entry. It has as long as a client has to ask for it.
    pub(crate) fn ask(&self, entry: EntryRequest) -> Deciding {
        self.access.ask(entry, Duration::from_millis(self.limits.handshake_timeout_ms))
    }

    /// Whether clients are being sent away. An action that is acknowledged now might reach no
    /// follower.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }
}
