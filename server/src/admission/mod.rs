//! Admission: how many connections there may be and how fast they may come, in total and for each
//! address. The manager asks it before it makes a connection.

mod address_limits;
mod handshake_error;
mod host;
mod lane_traffic;
mod log_throttle;
mod origin;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rtbroadcaster_protocol::{Limits, Rate, Timestamp, TokenBucket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) use address_limits::{AddressLimits, client_network};
pub(crate) use handshake_error::{HandshakeError, PageRefused, RETRY_WHEN_FULL};
pub(crate) use lane_traffic::LaneTraffic;
pub(crate) use log_throttle::LogThrottle;

pub use host::{HostPolicy, InvalidHost};
pub use origin::{InvalidOrigin, OriginPolicy};

/// Admits connections. The limits per address don't hold for clients whose address isn't known.
#[derive(Debug)]
pub(crate) struct Gatekeeper {
    /// One permit for each connection.
    permits: Arc<Semaphore>,
    rate: Rate,
    handshakes: Mutex<TokenBucket>,
    handshakes_per_address: AddressLimits,
    address_counts: Arc<AddressCounts>,
}

/// The right to be connected. Dropping it frees the connection's share of all limits.
#[derive(Debug)]
pub(crate) struct Admission {
    _permit: OwnedSemaphorePermit,
    _address_permit: Option<AddressPermit>,
    /// The TCP connection under it, where those are counted.
    _socket: Option<Socket>,
}

impl Admission {
    /// Holds this socket too, for as long as the connection lives.
    pub(crate) fn with_socket(self, socket: Option<Socket>) -> Self {
        Self { _socket: socket, ..self }
    }
}

/// The right of a TCP connection to stay open, until it and all its clones are dropped. As an
/// extension of a request it lives as long as the websocket that the request becomes.
#[derive(Debug, Clone)]
pub struct Socket {
    _admission: Arc<Admission>,
}

impl Socket {
    pub(crate) fn new(admission: Admission) -> Self {
        Self { _admission: Arc::new(admission) }
    }
}

/// Why a connection isn't admitted. Waits are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAdmitted {
    /// The connection limit is reached.
    Full,
    /// The connection limit of this address is reached.
    AddressFull,
    /// Too many connections come at the moment.
    TooMany { wait_ms: u64 },
    /// Too many connections come from this address at the moment.
    TooManyOfAddress { wait_ms: u64 },
    /// The server is shutting down.
    ShuttingDown { wait_ms: u64 },
}

impl Gatekeeper {
    /// A gatekeeper that admits this many connections at a time.
    pub(crate) fn new(connections: usize, limits: &Limits) -> Self {
        let rate = Rate::per_second(limits.handshakes_per_second);
        let per_address = Rate::per_second(limits.handshakes_per_second_per_address);
        Self {
            permits: Arc::new(Semaphore::new(connections)),
            rate,
            handshakes: Mutex::new(TokenBucket::new(rate, Timestamp(0))),
            handshakes_per_address: AddressLimits::new(per_address),
            address_counts: Arc::new(AddressCounts::new(limits.connections_per_address)),
        }
    }

    /// Admits one more connection. A connection that its address's own limits refuse costs the
    /// other addresses nothing.
    pub(crate) fn admit(&self, remote: Option<IpAddr>, now: Timestamp) -> Result<Admission, NotAdmitted> {
        if let Some(address) = remote {
            self.handshakes_per_address
                .try_once(address, now)
                .map_err(|wait| NotAdmitted::TooManyOfAddress { wait_ms: wait.milliseconds() })?;
        }
        let address_permit = match remote {
            Some(address) => Some(self.address_counts.acquire(address).ok_or(NotAdmitted::AddressFull)?),
            None => None,
        };
        // The bucket is consistent at every point where a panic could happen.
        let mut handshakes = self.handshakes.lock().unwrap_or_else(PoisonError::into_inner);
        handshakes
            .try_take(self.rate, now)
            .map_err(|wait| NotAdmitted::TooMany { wait_ms: wait.milliseconds() })?;
        drop(handshakes);
        let permit = Arc::clone(&self.permits).try_acquire_owned().map_err(|_| NotAdmitted::Full)?;
        Ok(Admission { _permit: permit, _address_permit: address_permit, _socket: None })
    }

    /// Waits until all connections are gone. Nothing is admitted after that.
    pub(crate) async fn all_gone(&self, connections: u32) {
        // This fails only if the semaphore is closed, which never happens.
        drop(self.permits.acquire_many(connections).await);
    }
}

/// The number of connections of each address.
#[derive(Debug)]
struct AddressCounts {
    limit: usize,
    /// Holds only addresses that have a connection, so it is never larger than the number of
    /// connections.
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection of an address. Dropping it frees the connection.
#[derive(Debug)]
struct AddressPermit {
    address_counts: Arc<AddressCounts>,
    address: IpAddr,
}

impl AddressCounts {
    fn new(limit: usize) -> Self {
        Self { limit, counts: Mutex::default() }
    }

    fn acquire(self: &Arc<Self>, address: IpAddr) -> Option<AddressPermit> {
        let address = client_network(address);
        let mut counts = self.counts();
        let count = counts.entry(address).or_default();
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(AddressPermit { address_counts: Arc::clone(self), address })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // The map is consistent at every point where a panic could happen.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AddressPermit {
    fn drop(&mut self) {
        let mut counts = self.address_counts.counts();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn an_address_has_no_more_connections_than_the_limit() {
        let gatekeeper =
            Gatekeeper::new(9, &Limits::default().with(|limits| limits.connections_per_address = 2));
        let admit = |remote| gatekeeper.admit(remote, NOW);
        let first = admit(address(1)).unwrap();
        let _second = admit(address(1)).unwrap();
        assert_eq!(admit(address(1)).unwrap_err(), NotAdmitted::AddressFull);
        let _others = [admit(address(2)).unwrap(), admit(None).unwrap(), admit(None).unwrap()];
        drop(first);
        let third = admit(address(1)).unwrap();
        assert_eq!(admit(address(1)).unwrap_err(), NotAdmitted::AddressFull);
        drop((third, _second));
        assert_eq!(
            gatekeeper.address_counts.counts().len(),
            1,
            "an address without connections is forgotten"
        );
    }

    #[test]
    fn an_address_that_comes_too_often_leaves_the_others_their_share() {
        let limits = Limits::default().with(|limits| {
            limits.handshakes_per_second_per_address = 2;
            limits.handshakes_per_second = 3;
        });
        let gatekeeper = Gatekeeper::new(99, &limits);
        let mut admitted = Vec::new();
        let mut admit = |remote, now| gatekeeper.admit(remote, now).map(|admission| admitted.push(admission));
        for _ in 0..2 {
            assert_eq!(admit(address(1), NOW), Ok(()));
        }
        for _ in 0..9 {
            assert_eq!(admit(address(1), NOW), Err(NotAdmitted::TooManyOfAddress { wait_ms: 500 }));
        }
        assert_eq!(admit(address(2), NOW), Ok(()));
        assert_eq!(admit(address(2), NOW), Err(NotAdmitted::TooMany { wait_ms: 334 }));
        assert_eq!(admit(None, NOW.after(334)), Ok(()));
        assert_eq!(admit(address(1), NOW.after(1_000)), Ok(()));
    }

    #[test]
    fn a_refused_connection_leaves_no_count() {
        let gatekeeper = Gatekeeper::new(1, &Limits::default());
        let _only = gatekeeper.admit(address(1), NOW).unwrap();
        for _ in 0..9 {
            assert_eq!(gatekeeper.admit(address(2), NOW).unwrap_err(), NotAdmitted::Full);
        }
        assert_eq!(gatekeeper.address_counts.counts().len(), 1);
    }
}
