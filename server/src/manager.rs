//! The public face of a server's rooms: what an application makes, mounts and shuts down.

use std::net::IpAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

use rtbroadcaster_protocol::{Memory, Operation, Refusal, RefusalCode, Timestamp};

use crate::access::KeysError;
use crate::admission::{Admission, Gatekeeper, NotAdmitted, Sockets};
use crate::connection::{self, Connection, Registry, sweep};
use crate::metrics::Metrics;
use crate::rooms::RoomTable;
use crate::services::Services;
use crate::settings::Settings;

/// All rooms of a server, and the limits they keep. Cheap to clone; every clone is the same manager.
///
/// [`Manager::routes`] is what an application mounts.
#[derive(Debug, Clone)]
pub struct Manager {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: Settings,
    services: Arc<Services>,
    connections: Arc<Registry>,
    /// Lets connections in.
    gatekeeper: Gatekeeper,
    shutting_down: AtomicBool,
    draining: AtomicBool,
    /// Starts the sweep with the first connection.
    sweep: Once,
}

impl Manager {
    /// A manager without rooms.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            shared: Arc::new(Shared {
                services: Arc::new(Services::new(&settings)),
                connections: Arc::default(),
                gatekeeper: Gatekeeper::new(permits(&settings) as usize, &settings.limits),
                shutting_down: AtomicBool::new(false),
                draining: AtomicBool::new(false),
                sweep: Once::new(),
                settings,
            }),
        }
    }

    /// How it is set up.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// How many rooms there are.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.room_table().len()
    }

    /// Whether the bearer of this token may do this; without a token, whether anybody may. A token is what
    /// a connection sends as the field `token` of its first message, or what follows `Bearer` in the header
    /// `Authorization`; the manager judges it as it judges connections.
    ///
    /// # Errors
    /// - `unauthorized`: a token is needed, and there is none or it isn't accepted.
    /// - `forbidden`: the token is accepted, but doesn't allow this.
    /// - `keys_unavailable`: the token's key is being fetched, or can't be had at this moment.
    pub fn authorise(&self, operation: Operation, token: Option<&str>) -> Result<(), Refusal> {
        let permissions = self.shared.services.access.permissions(operation, token)?;
        if permissions.allow(operation) { Ok(()) } else { Err(RefusalCode::Forbidden.into()) }
    }

    /// Reads the keys that JSON web tokens are signed with (`KeySource`, feature `jwt`), so that an error is
    /// known before the first token comes. Without this call they are read for the first token.
    ///
    /// # Errors
    /// Why the keys could not be had. They are looked for again when a token needs them.
    pub async fn load_keys(&self) -> Result<(), KeysError> {
        self.shared.services.access.load_keys().await
    }

    /// Bounds the TCP connections of a server, for whoever accepts them: `limit` at a time. One address may
    /// have twice [`Limits::connections_per_address`](crate::Limits) and 16 more, because a client without
    /// a websocket needs two.
    ///
    /// With `has_tls` a second brings at most twice the connections that it may bring upgrades
    /// ([`Limits::handshakes_per_second`](crate::Limits) and that of one address), because TLS handshakes
    /// are what costs there.
    #[must_use]
    pub fn sockets(&self, limit: usize, has_tls: bool) -> Sockets {
        Sockets::new(Arc::clone(&self.shared.services), limit, has_tls)
    }

    /// What its connections share.
    pub(crate) fn services(&self) -> &Arc<Services> {
        &self.shared.services
    }

    /// Milliseconds since it was made.
    pub(crate) fn now(&self) -> Timestamp {
        self.shared.services.clock.now()
    }

    /// What it counts.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.shared.services.metrics
    }

    /// The table of its rooms.
    pub(crate) fn room_table(&self) -> &RoomTable {
        &self.shared.services.rooms
    }

    /// The memory of all its rooms.
    pub(crate) fn memory(&self) -> &Memory {
        self.room_table().memory()
    }

    /// All its connections.
    pub(crate) fn connections(&self) -> &Registry {
        &self.shared.connections
    }

    /// Whether it shuts down, and lets nobody in.
    pub(crate) fn shutting_down(&self) -> &AtomicBool {
        &self.shared.shutting_down
    }

    /// Whether clients are being sent away.
    pub(crate) fn draining(&self) -> &AtomicBool {
        &self.shared.draining
    }

    /// Resolves when no connection is left.
    pub(crate) async fn all_gone(&self) {
        self.shared.gatekeeper.all_gone(permits(&self.shared.settings)).await;
    }

    /// The right to one more connection, until it is dropped, for a client at this address if the address
    /// is known.
    pub(crate) fn admit(&self, remote: Option<IpAddr>) -> Result<Admission, NotAdmitted> {
        if self.is_shutting_down() {
            return Err(NotAdmitted::ShuttingDown { wait_ms: self.shared.settings.limits.return_window_ms });
        }
        self.shared.gatekeeper.admit(remote, self.now())
    }

    /// Whether a refusal may be logged where operators look: not every one of a flood.
    pub(crate) fn may_warn(&self) -> bool {
        self.shared.services.log_throttle.allows(self.now())
    }

    /// Serves a connection until it ends, in a task of its own. `read` was read of its stream already.
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
            // It came too late to be told with the others.
            connection.shut_down();
        }
        connection::start(connection, Arc::clone(&self.shared.connections), read);
    }
}

/// A semaphore counts to 2³² − 1 at most when all its permits are asked for at once.
fn permits(settings: &Settings) -> u32 {
    u32::try_from(settings.connections).unwrap_or(u32::MAX)
}
