//! Which TCP connections are kept, before anything is read of them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rtbroadcaster_protocol::Limits;
use tokio::sync::Semaphore;
use tracing::{debug, warn};

use super::{Admission, Gatekeeper, HandshakeError};
use crate::services::Services;

/// Sockets for each connection that an address may have: whoever has no websocket needs one to hear and one to speak.
const SOCKETS_PER_CONNECTION: usize = 2;

/// Sockets of an address besides: the files of a page, which browsers fetch on six at a time, and questions after health.
const OTHER_SOCKETS_PER_ADDRESS: usize = 16;

/// Bounds the TCP connections of a server, for whoever accepts them: a request that never comes, or comes every few
/// seconds, holds a file descriptor as a websocket does, and nobody else counts it.
#[derive(Debug)]
pub struct Sockets {
    services: Arc<Services>,
    gatekeeper: Gatekeeper,
}

/// The right of a TCP connection to be open, until it and all its clones are dropped. Set as a request extension it
/// lives as long as the websocket that the request becomes.
#[derive(Debug, Clone)]
pub struct Socket {
    _admission: Arc<Admission>,
}

impl Sockets {
    /// Lets in this many TCP connections at a time; see [`Manager::sockets`](crate::Manager::sockets).
    pub(crate) fn new(services: Arc<Services>, limit: usize, has_tls: bool) -> Self {
        let limits = &services.limits;
        let rate = |upgrades: u64| if has_tls { upgrades.saturating_mul(2) } else { u64::MAX };
        let limits = Limits {
            connections_per_address: limits
                .connections_per_address
                .saturating_mul(SOCKETS_PER_CONNECTION)
                .saturating_add(OTHER_SOCKETS_PER_ADDRESS),
            handshakes_per_second_per_address: rate(limits.handshakes_per_second_per_address),
            handshakes_per_second: rate(limits.handshakes_per_second),
            ..limits.clone()
        };
        let gatekeeper = Gatekeeper::new(limit.min(Semaphore::MAX_PERMITS), &limits);
        Self { services, gatekeeper }
    }

    /// Whether a TCP connection may stay. Of a proxy that passes on others' requests no address is given: it has
    /// as many as there may be at all. One that may not stay is counted and, but not for each of a flood, warned of.
    #[must_use]
    pub fn admit(&self, remote: SocketAddr, address: Option<IpAddr>) -> Option<Socket> {
        let now = self.services.clock.now();
        match self.gatekeeper.admit(address, now) {
            Ok(admission) => Some(Socket { _admission: Arc::new(admission) }),
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
