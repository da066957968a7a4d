//! The connections by address, as the administration lists and disconnects them.

use std::collections::HashMap;
use std::net::IpAddr;

use rtbroadcaster_protocol::CloseCode;
use serde::Serialize;
use tracing::info;

use super::error::AdminError;
use super::query::Query;
use crate::Manager;
use crate::admission::client_network;
use crate::connection::Connection;
use crate::websocket::Ending;

/// How many connections some addresses have, the largest number first.
#[derive(Debug, Serialize)]
pub(super) struct ConnectionsPage {
    addresses: Vec<AddressView>,
    /// How many addresses match.
    total: usize,
}

#[derive(Debug, Serialize)]
struct AddressView {
    /// For IPv6 the network of 64 bits, as in the limits per address.
    address: String,
    connections: usize,
}

/// The result of a disconnection.
#[derive(Debug, Serialize)]
pub(super) struct Disconnected {
    disconnected: usize,
}

/// `GET connections`.
pub(super) fn list(manager: &Manager, query: &str) -> Result<ConnectionsPage, AdminError> {
    let query = Query::parse(query, &["address", "limit"])?;
    let limit = query.limit()?;
    let only = query.text("address").map(parse).transpose()?;
    let mut counts: HashMap<IpAddr, usize> = HashMap::new();
    for connection in manager.connections().all() {
        if let Some(address) =
            address_of(&connection).filter(|address| only.is_none_or(|only| only == *address))
        {
            *counts.entry(address).or_default() += 1;
        }
    }
    let total = counts.len();
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
    counts.truncate(limit);
    let view =
        |(address, connections): (IpAddr, usize)| AddressView { address: address.to_string(), connections };
    Ok(ConnectionsPage { addresses: counts.into_iter().map(view).collect(), total })
}

/// `DELETE connections/ADDRESS`.
pub(super) fn disconnect(manager: &Manager, address: &str) -> Result<Disconnected, AdminError> {
    let address = parse(address)?;
    let mut disconnected = 0;
    for connection in manager.connections().all() {
        if address_of(&connection) == Some(address) {
            connection.end(Ending::Policy(CloseCode::Disconnected));
            disconnected += 1;
        }
    }
    info!(%address, disconnected, "the administration disconnects an address");
    Ok(Disconnected { disconnected })
}

/// The address that stands for a connection's client. None if it isn't known.
fn address_of(connection: &Connection) -> Option<IpAddr> {
    connection.with_state(|state| state.host.remote()).flatten().map(client_network)
}

fn parse(text: &str) -> Result<IpAddr, AdminError> {
    let plain = text.replace("%3A", ":").replace("%3a", ":");
    plain.parse().map(client_network).map_err(|_| AdminError::NoAddress(text.to_owned()))
}
