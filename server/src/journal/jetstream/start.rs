//! The start of a node: its connection, and the streams that it needs.

use super::api::Api;
use super::connection::Connection;
use super::error::ClusterError;
use super::settings::ClusterSettings;
use super::streams;

/// Connects to the cluster, and creates the streams that are not there. It waits at most 10 s for
/// the servers, and then as long for JetStream.
///
/// # Errors
/// If no server lets this node in, or it can't have the streams that it needs.
pub(crate) async fn start(
    settings: &ClusterSettings,
    owner_grace_ms: u64,
) -> Result<Connection, ClusterError> {
    let connection = Connection::open(settings).await?;
    let wanted = streams::wanted(settings, owner_grace_ms);
    streams::ensure(&Api::new(&connection, &settings.name), settings, &wanted).await?;
    Ok(connection)
}
