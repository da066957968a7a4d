//! What connections need from their server: limits, clock, metrics, access and rooms.

use std::sync::Arc;

use rtbroadcaster_protocol::Limits;

use crate::Settings;
use crate::access::Access;
use crate::admission::LogThrottle;
use crate::clock::Clock;
use crate::metrics::Metrics;
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
}

impl Services {
    pub(crate) fn new(settings: &Settings) -> Self {
        let limits = settings.limits.clone();
        let clock = Clock::start();
        let metrics = Arc::new(Metrics::new());
        let log_throttle = Arc::new(LogThrottle::default());
        let rooms = RoomTable::new(
            &limits,
            settings.access.reopen_secret.as_ref(),
            clock,
            Arc::clone(&metrics),
            Arc::clone(&log_throttle),
        );
        Self {
            access: Access::new(&settings.access),
            rooms: Arc::new(rooms),
            limits,
            clock,
            metrics,
            log_throttle,
        }
    }
}
