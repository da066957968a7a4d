//! Bounds on TCP connections, before any byte is read from them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::sync::Semaphore;
use tracing::{debug, warn};

use crate::admission::{Gatekeeper, HandshakeError, Socket};
use crate::services::Services;

/// Sockets for each connection that an address may have. A client without a websocket needs two:
/// one for events and one for posts.
const SOCKETS_PER_CONNECTION: usize = 2;

/// Further sockets of an address, for a page's files and health checks. A browser fetches files on
/// six sockets at a time.
const OTHER_SOCKETS_PER_ADDRESS: usize = 16;

/// Bounds the TCP connections of a server; its accept loop asks it. A connection that sends no
/// request, or one every few seconds, holds a file descriptor like a websocket, and no other limit
/// counts it.
#[derive(Debug)]
pub struct Sockets {
    services: Arc<Services>,
    gatekeeper: Gatekeeper,
}

impl Sockets {
    /// Admits this many TCP connections at a time; see
    /// [`Manager::sockets`](crate::Manager::sockets).
    pub(crate) fn new(services: Arc<Services>, limit: usize, has_tls: bool) -> Self {
        let limits = &services.limits;
        let rate = |upgrades: u64| if has_tls { upgrades.saturating_mul(2) } else { u64::MAX };
        let limits = limits.clone().with(|changed| {
            changed.connections_per_address = limits
                .connections_per_address
                .saturating_mul(SOCKETS_PER_CONNECTION)
                .saturating_add(OTHER_SOCKETS_PER_ADDRESS);
            changed.handshakes_per_second_per_address = rate(limits.handshakes_per_second_per_address);
            changed.handshakes_per_second = rate(limits.handshakes_per_second);
        });
        let gatekeeper = Gatekeeper::new(limit.min(Semaphore::MAX_PERMITS), &limits);
        Self { services, gatekeeper }
    }

    /// Admits a TCP connection from `remote`, or returns none if it must be closed. `address` is
    /// the address whose limits hold. Pass none for a proxy, which connects for many clients: then
    /// only the limits for all connections hold.
    ///
    /// A refused connection is counted and logged. Of a flood of refusals only some are warnings.
    #[must_use]
    pub fn admit(&self, remote: SocketAddr, address: Option<IpAddr>) -> Option<Socket> {
        let now = self.services.clock.now();
        match self.gatekeeper.admit(address, now) {
            Ok(admission) => Some(Socket::new(admission)),
            Err(reason) => {
                let reason = HandshakeError::from(reason);
                self.services.metrics.handshake_refused(&reason);
                if self.services.log_throttle.allows(now) {
                    warn!(%remote, "a connection is closed before its request: {reason}");
                } else {
                    debug!(%remote, "a connection is closed before its request: {reason}");
                }
                None
            }
        }
    }
}
