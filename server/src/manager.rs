//! The public face of the library: an application makes a [`Manager`], mounts its routes and shuts
//! it down.

mod keeping;

use std::net::IpAddr;
#[cfg(feature = "cluster")]
use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Once};

use rtbroadcaster_protocol::{Memory, Operation, Refusal, RefusalCode, Timestamp};

use crate::access::KeysError;
use crate::admission::{Admission, Gatekeeper, NotAdmitted};
use crate::connection::{self, Connection, Registry, sweep};
use crate::metrics::Metrics;
use crate::room_events::RoomEvents;
use crate::rooms::RoomTable;
use crate::services::Services;
use crate::settings::Settings;
use crate::sockets::Sockets;

/// All rooms of a server and the limits they keep. Cloning is cheap; every clone is the same
/// manager.
///
/// An application mounts [`Manager::routes`].
#[derive(Debug, Clone)]
pub struct Manager {
    shared: Arc<Shared>,
}

/// A manager that need not live any more.
#[cfg(feature = "cluster")]
#[derive(Debug, Clone)]
pub(crate) struct WeakManager(Weak<Shared>);

#[cfg(feature = "cluster")]
impl WeakManager {
    /// The manager, if it is still there.
    pub(crate) fn upgrade(&self) -> Option<Manager> {
        self.0.upgrade().map(|shared| Manager { shared })
    }
}

#[derive(Debug)]
struct Shared {
    settings: Settings,
    services: Arc<Services>,
    connections: Arc<Registry>,
    /// Decides which connections are let in.
    gatekeeper: Gatekeeper,
    /// Starts the sweep with the first connection.
    sweep: Once,
}

impl Manager {
    /// Makes a manager without rooms.
    ///
    /// ```
    /// use rtbroadcaster::{Manager, Settings};
    ///
    /// let rooms = Manager::new(Settings::default().with(|settings| settings.connections = 500));
    /// assert_eq!(rooms.rooms(), 0);
    /// ```
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            shared: Arc::new(Shared {
                services: Arc::new(Services::new(&settings)),
                connections: Arc::default(),
                gatekeeper: Gatekeeper::new(permits(&settings) as usize, &settings.limits),
                sweep: Once::new(),
                settings,
            }),
        }
    }

    /// The settings that the manager was made with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The number of open rooms.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.room_table().len()
    }

    /// The number of clients that are connected: websockets and streams of events.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.connections().len()
    }

    /// What happens in the rooms from now on: they are opened and closed, followers join and leave,
    /// owners go away and come back.
    ///
    /// Each stream has every event of every room, in the order of its room. A stream that is read
    /// too slowly loses the oldest: [`Settings::buffered_events`] says how many may wait. While
    /// nobody listens, an event costs one comparison, and a delivery never costs anything.
    ///
    /// ```no_run
    /// # async fn listen(rooms: rtbroadcaster::Manager) {
    /// use rtbroadcaster::RoomChange;
    ///
    /// let mut events = rooms.events();
    /// while let Some(event) = events.next().await {
    ///     match event {
    ///         Ok(event) if event.change == RoomChange::Opened => println!("opened: {}", event.room),
    ///         Ok(_) => {}
    ///         Err(lagged) => eprintln!("{lagged}"),
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn events(&self) -> RoomEvents {
        self.room_table().events().listen()
    }

    /// Checks whether the bearer of this token may do this. Without a token it checks whether
    /// everybody may.
    ///
    /// A connection sends its token as the field `token` of its first message; an HTTP request
    /// sends it behind `Bearer` in the header `Authorization`. This call judges a token as the
    /// manager judges those.
    ///
    /// ```
    /// use rtbroadcaster::{Manager, Operation, Settings};
    ///
    /// let rooms = Manager::new(Settings::default());
    /// assert_eq!(rooms.authorise(Operation::Create, None), Ok(()));
    /// ```
    ///
    /// # Errors
    /// - `unauthorized`: a token is needed, and there is none or it isn't accepted.
    /// - `forbidden`: the token is accepted, but doesn't allow this.
    /// - `keys_unavailable`: the token's key is being fetched, or can't be had at this moment.
    pub fn authorise(&self, operation: Operation, token: Option<&str>) -> Result<(), Refusal> {
        let permissions = self.shared.services.access.bearer(operation, token)?.permissions;
        if permissions.allow(operation) { Ok(()) } else { Err(RefusalCode::Forbidden.into()) }
    }

    /// Loads the keys that JSON web tokens are signed with (`KeySource`, feature `jwt`), so that an
    /// error shows before the first token comes. Without this call the first token loads them.
    ///
    /// # Errors
    /// The reason why the keys could not be loaded. The next token that needs them loads them
    /// again.
    pub async fn load_keys(&self) -> Result<(), KeysError> {
        self.shared.services.access.load_keys().await
    }

    /// Bounds the TCP connections of a server to `limit` at a time; the server's accept loop calls
    /// this. One address may have twice [`Limits::connections_per_address`](crate::Limits) and 16
    /// more, because a client without a websocket needs two.
    ///
    /// With `has_tls`, TCP connections are also bounded per second, in total and for each address:
    /// to twice the upgrades that [`Limits::handshakes_per_second`](crate::Limits) and
    /// [`Limits::handshakes_per_second_per_address`](crate::Limits) allow. A TLS handshake costs
    /// more than accepting a connection does.
    ///
    /// ```no_run
    /// # async fn accept(rooms: rtbroadcaster::Manager, listener: tokio::net::TcpListener) -> std::io::Result<()> {
    /// use hyper::server::conn::http1;
    /// use hyper::service::service_fn;
    /// use hyper_util::rt::TokioIo;
    /// use rtbroadcaster::{HttpStream, RemoteAddress};
    /// use tower_service::Service;
    ///
    /// let sockets = rooms.sockets(20_000, false);
    /// loop {
    ///     let (stream, remote) = listener.accept().await?;
    ///     let Some(socket) = sockets.admit(remote, Some(remote.ip())) else { continue };
    ///     let (service, stream) = (rooms.service(), HttpStream::new(stream));
    ///     let (takeover, requests_takeover) = (stream.takeover(), stream.takeover());
    ///     let answer = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
    ///         request.extensions_mut().insert(RemoteAddress(remote));
    ///         request.extensions_mut().insert(socket.clone());
    ///         request.extensions_mut().insert(requests_takeover.clone());
    ///         service.clone().call(request)
    ///     });
    ///     let http = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
    ///     tokio::spawn(async move {
    ///         tokio::select! {
    ///             // An error is the client's, which is gone then.
    ///             _ = http.with_upgrades() => {}
    ///             () = takeover.done() => {}
    ///         }
    ///     });
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn sockets(&self, limit: usize, has_tls: bool) -> Sockets {
        Sockets::new(Arc::clone(&self.shared.services), limit, has_tls)
    }

    /// Counts lines that the program's log has dropped, for the metrics. The library itself logs
    /// through `tracing` and doesn't know what becomes of its lines.
    pub fn count_dropped_log_lines(&self, lines: u64) {
        self.metrics().log_lines_dropped.fetch_add(lines, Ordering::Relaxed);
    }

    /// Counts events that the program's webhook has taken, and that were dropped, for the metrics.
    /// The library itself has [`Manager::events`].
    pub fn count_webhook_events(&self, delivered: u64, dropped: u64) {
        self.metrics().webhook_delivered.fetch_add(delivered, Ordering::Relaxed);
        self.metrics().webhook_dropped.fetch_add(dropped, Ordering::Relaxed);
    }

    /// The same manager, for a task that must not keep it.
    #[cfg(feature = "cluster")]
    pub(crate) fn downgrade(&self) -> WeakManager {
        WeakManager(Arc::downgrade(&self.shared))
    }

    /// The services that all connections share.
    pub(crate) fn services(&self) -> &Arc<Services> {
        &self.shared.services
    }

    /// Milliseconds since the manager was made.
    pub(crate) fn now(&self) -> Timestamp {
        self.shared.services.clock.now()
    }

    /// The counters of the manager.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.shared.services.metrics
    }

    /// The table of its rooms.
    pub(crate) fn room_table(&self) -> &RoomTable {
        &self.shared.services.rooms
    }

    /// The memory that all its rooms use.
    pub(crate) fn memory(&self) -> &Memory {
        self.room_table().memory()
    }

    /// The registry of all its connections.
    pub(crate) fn connections(&self) -> &Registry {
        &self.shared.connections
    }

    /// Resolves when no connection is left.
    pub(crate) async fn all_gone(&self) {
        self.shared.gatekeeper.all_gone(permits(&self.shared.settings)).await;
    }

    /// Admits one more connection, until the admission is dropped. `remote` is the client's
    /// address, if it is known.
    pub(crate) fn admit(&self, remote: Option<IpAddr>) -> Result<Admission, NotAdmitted> {
        if self.is_shutting_down() {
            return Err(NotAdmitted::ShuttingDown { wait_ms: self.shared.settings.limits.return_window_ms });
        }
        self.shared.gatekeeper.admit(remote, self.now())
    }

    /// Whether what a client causes may be logged as a warning now. Of a flood only one in 10 s
    /// may, so that no client can fill the log. A call that returns true counts as that warning.
    #[must_use]
    pub fn may_warn(&self) -> bool {
        self.shared.services.log_throttle.allows(self.now())
    }

    /// Serves a connection in a task of its own until it ends. `read` holds bytes that were already
    /// read from its stream.
    pub(crate) fn start(&self, connection: Connection, read: &mut [u8]) {
        let connection = Arc::new(connection);
        self.shared.sweep.call_once(|| {
            let registry = Arc::downgrade(&self.shared.connections);
            let services = Arc::downgrade(&self.shared.services);
            tokio::spawn(sweep(registry, services, self.shared.settings.limits.clone()));
        });
        self.metrics().connection_opened();
        self.connections().add(&connection);
        if self.is_shutting_down() {
            // The connection was registered after the others were told of the shutdown.
            connection.shut_down();
        }
        connection::start(connection, Arc::clone(&self.shared.connections), read);
    }
}

/// The connection limit as a number of permits. A semaphore hands out at most 2³² − 1 permits at
/// once.
fn permits(settings: &Settings) -> u32 {
    u32::try_from(settings.connections).unwrap_or(u32::MAX)
}
