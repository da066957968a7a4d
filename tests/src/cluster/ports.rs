//! Ports for servers that are started more than once.

use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;

/// Ports below those that an operating system gives to clients, so that none of them takes a
/// server's port while it is down.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// An address of this machine at which nobody listens.
#[must_use]
pub fn free_address() -> String {
    format!("127.0.0.1:{}", free_port())
}

/// A port of this machine at which nobody listens.
pub(super) fn free_port() -> u16 {
    loop {
        // Tests run beside each other, so they must not all begin at the same port.
        let random = RandomState::new().hash_one(()) % u64::from(PORTS.end - PORTS.start);
        let port = PORTS.start + u16::try_from(random).expect("it is below the number of ports");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
