//! What connections need from their server: limits, clock, metrics, access and rooms.

use std::net::IpAddr;
use std::sync::Arc;
#[cfg(feature = "cluster")]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rtbroadcaster_protocol::{Limits, Refusal, RoomCode, RoomId, Timestamp};
use tokio::runtime::Handle;

use crate::Settings;
use crate::access::{Access, Deciding, EntryRequest};
use crate::admission::{LaneTraffic, LogThrottle};
use crate::clock::{Clock, ClockSamples};
#[cfg(feature = "cluster")]
use crate::cluster::Cluster;
use crate::metrics::Metrics;
use crate::recording::{RecorderStarter, Recordings};
use crate::room_events::RoomEventSource;
use crate::rooms::{ReservedCode, RoomTable};

/// What all connections of a server share. It holds no connection, so that connections can hold it.
#[derive(Debug)]
pub(crate) struct Services {
    /// The bounds that rooms and connections keep.
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
    pub(crate) clock_samples: ClockSamples,
    pub(crate) lane_traffic: LaneTraffic,
    pub(crate) metrics: Arc<Metrics>,
    /// Judges tokens.
    pub(crate) access: Access,
    pub(crate) rooms: Arc<RoomTable>,
    pub(crate) recordings: Arc<Recordings>,
    /// Says when a refusal may be logged as a warning.
    pub(crate) log_throttle: Arc<LogThrottle>,
    /// No connection is let in any more.
    pub(crate) shutting_down: AtomicBool,
    /// Clients are being sent away.
    pub(crate) draining: AtomicBool,
    /// The cluster that this server is a node of. Unset if its rooms are its own.
    #[cfg(feature = "cluster")]
    pub(crate) cluster: OnceLock<Arc<Cluster>>,
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
        let recordings = Recordings::open(&settings.recordings, clock, Arc::clone(&metrics));
        let (recordings, rooms) = (Arc::new(recordings), Arc::new(rooms));
        rooms.record_with(Arc::new(RecorderStarter::new(Arc::clone(&recordings), Arc::downgrade(&rooms))));
        if let Ok(runtime) = Handle::try_current() {
            recordings.keep_up(&runtime);
        }
        Self {
            recordings,
            access: Access::new(&settings.access),
            rooms,
            clock_samples: ClockSamples::new(clock, limits.clock_samples_per_second),
            lane_traffic: LaneTraffic::new(&limits, clock.now()),
            limits,
            clock,
            metrics,
            log_throttle,
            shutting_down: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            #[cfg(feature = "cluster")]
            cluster: OnceLock::new(),
        }
    }

    /// Whether an entry is decided about by something that takes a while.
    pub(crate) fn decides_entries(&self) -> bool {
        #[cfg(feature = "cluster")]
        if self.cluster.get().is_some() {
            return true;
        }
        self.access.has_authoriser()
    }

    /// Asks the application about an entry, which has as long as a client has to ask for it. Then,
    /// in a cluster, has the room here.
    pub(crate) fn ask(self: &Arc<Self>, entry: EntryRequest) -> Deciding {
        let (room, since) = (entry.operation.room(), entry.since);
        let services = Arc::clone(self);
        let asked = self.access.ask(entry, Duration::from_millis(self.limits.handshake_timeout_ms));
        Box::pin(async move {
            asked.await?;
            services.prepare(room, since).await
        })
    }

    /// Has a room here before somebody enters it, who was handed the action `since`. Without a
    /// room, one may be opened.
    ///
    /// # Errors
    /// `unavailable`: the cluster's log can't be read now.
    pub(crate) async fn prepare(&self, room: Option<RoomId>, since: Option<u64>) -> Result<(), Refusal> {
        #[cfg(feature = "cluster")]
        if let Some(cluster) = self.cluster.get() {
            return cluster.prepare(room, since).await;
        }
        let _ = (room, since);
        Ok(())
    }

    /// Whether other servers have the same rooms.
    pub(crate) fn shares_rooms(&self) -> bool {
        self.rooms.is_shared()
    }

    /// The room that a code stands for, for the client at this address. In a cluster, it is here
    /// then.
    ///
    /// # Errors
    /// - `rate_limited`: this address, or all together, asked for too many unknown codes.
    /// - `unavailable`: the cluster doesn't answer.
    pub(crate) async fn look_up_code(
        &self,
        code: RoomCode,
        remote: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Option<RoomId>, Refusal> {
        #[cfg(feature = "cluster")]
        if let Some(cluster) = self.cluster.get() {
            return cluster.look_up_code(code, remote).await;
        }
        self.rooms.look_up_code(code, remote, now)
    }

    /// Has a code for a room that a client at this address is about to open, so that no other
    /// server gives it out. The room counts as opened by the client. None without a cluster.
    ///
    /// # Errors
    /// - `rate_limited`, `too_many_rooms`: as when the room is opened.
    /// - `unavailable`: the cluster doesn't answer.
    pub(crate) async fn reserve_code(&self, remote: Option<IpAddr>) -> Result<Option<ReservedCode>, Refusal> {
        #[cfg(feature = "cluster")]
        if let Some(cluster) = self.cluster.get() {
            self.rooms.check_may_open(remote)?;
            let room = RoomTable::random_id();
            let code = cluster.reserve_code(room).await?;
            return Ok(Some(ReservedCode { room, code }));
        }
        let _ = remote;
        Ok(None)
    }

    /// Waits until this server has heard who is in a room on others, if it has the room only since
    /// a moment ago.
    pub(crate) async fn has_heard_roster(&self, room: RoomId) {
        #[cfg(feature = "cluster")]
        if let Some(cluster) = self.cluster.get() {
            cluster.has_heard_roster(room).await;
        }
        let _ = room;
    }

    /// Whether rooms can be had and kept. Always, without a cluster.
    pub(crate) fn is_ready(&self) -> bool {
        #[cfg(feature = "cluster")]
        if let Some(cluster) = self.cluster.get() {
            return cluster.is_ready();
        }
        true
    }

    /// Whether clients are being sent away. An action that is acknowledged now might reach no
    /// follower.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }
}
