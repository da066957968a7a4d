//! The address of a client, which the accept loop knows.

use std::net::SocketAddr;

/// The client's address, for logs and for limits per address, as an extension of a request. The
/// program's accept loop sets it, and another server may. Without it, the rooms are told the
/// address by [`Manager::routes`](crate::Manager::routes) or by
/// [`RoomsService::with_remote_address`](crate::RoomsService::with_remote_address).
#[derive(Debug, Clone, Copy)]
pub struct RemoteAddress(pub SocketAddr);
