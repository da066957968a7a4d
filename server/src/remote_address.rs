//! The address of a client, which the accept loop knows.

use std::net::SocketAddr;

/// The client's address, for logs and for limits per address. Without it no limit per address
/// holds. The program's accept loop sets it as a request extension; another server may set it too.
#[derive(Debug, Clone, Copy)]
pub struct RemoteAddress(pub SocketAddr);
