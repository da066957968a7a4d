//! Looking after a running server over HTTP: who is there, closing a room, disconnecting an address, and a page that shows
//! it. Everything but that page wants a token, and nothing tells what was said in a room, or its owner's key.

mod connections;
mod dashboard;
mod error;
mod guard;
mod query;
mod rooms;
mod routes;
mod status;

use crate::Secret;

/// Who may look after a server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AdminSettings {
    /// What whoever looks after the server shows as a bearer token. Without it nobody may.
    pub token: Option<Secret>,
    /// What Prometheus shows, who may read the metrics and nothing else. The other token does as well.
    pub metrics_token: Option<Secret>,
}
