//! Which TCP connections are kept, before anything is read of them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rtbroadcaster_protocol::Limits;
use tokio::sync::Semaphore;
use tracing::{debug, warn};

use crate::Manager;
use crate::admission::{Admission, Gatekeeper};
use crate::routes::HandshakeError;

/// Sockets for each connection that an address may have: whoever has no websocket needs one to hear and one to speak.
const SOCKETS_PER_CONNECTION: usize = 2;

/// Sockets of an address besides: the files of a page, which browsers fetch on six at a time, and questions after health.
const OTHER_SOCKETS_PER_ADDRESS: usize = 16;

/// Bounds the TCP connections of a server, for whoever accepts them: a request that never comes, or comes every few
/// seconds, holds a file descriptor as a websocket does, and nobody else counts it.
#[derive(Debug)]
pub struct Sockets {
    manager: Manager,
    gatekeeper: Gatekeeper,
}

/// The right of a TCP connection to be open, until it and all its clones are dropped. Set as a request extension it
/// lives as long as the websocket that the request becomes.
#[derive(Debug, Clone)]
pub struct Socket {
    _admission: Arc<Admission>,
}

impl Manager {
    /// Lets in so many TCP connections at a time. Of one address there may be twice
    /// [`Limits::connections_per_address`](crate::Limits) and 16, because whoever has no websocket needs two.
    ///
    /// With `has_tls` a second brings at most twice the connections that it may bring upgrades
    /// ([`Limits::handshakes_per_second`](crate::Limits) and that of one address): shaking hands is what costs there.
    #[must_use]
    pub fn sockets(&self, most: usize, has_tls: bool) -> Sockets {
        let limits = &self.settings().limits;
        let rate = |of_upgrades: u64| if has_tls { of_upgrades.saturating_mul(2) } else { u64::MAX };
        let limits = Limits {
            connections_per_address: limits
                .connections_per_address
                .saturating_mul(SOCKETS_PER_CONNECTION)
                .saturating_add(OTHER_SOCKETS_PER_ADDRESS),
            handshakes_per_second_per_address: rate(limits.handshakes_per_second_per_address),
            handshakes_per_second: rate(limits.handshakes_per_second),
            ..limits.clone()
        };
        Sockets {
            manager: self.clone(),
            gatekeeper: Gatekeeper::new(most.min(Semaphore::MAX_PERMITS), &limits),
        }
    }
}

impl Sockets {
    /// Whether a TCP connection may stay. Of a proxy that passes on others' requests no address is given: it has
    /// as many as there may be at all. One that may not stay is counted and, but not for each of a flood, warned of.
    #[must_use]
    pub fn admit(&self, remote: SocketAddr, address: Option<IpAddr>) -> Option<Socket> {
        match self.gatekeeper.admit(address, self.manager.now()) {
            Ok(admission) => Some(Socket { _admission: Arc::new(admission) }),
            Err(reason) => {
                let reason = HandshakeError::from(reason);
                self.manager.metrics().handshake_refused(&reason);
                if self.manager.may_warn() {
                    warn!(%remote, "a connection is closed before its request: {reason}");
                } else {
                    debug!(%remote, "a connection is closed before its request: {reason}");
                }
                None
            }
        }
    }
}
