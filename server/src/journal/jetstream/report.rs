//! What a node would do in the cluster at its start, without doing it.

use std::fmt;
use std::time::Duration;

use async_nats::jetstream::stream::Config;

use super::account;
use super::api::Api;
use super::connection::Connection;
use super::error::ClusterError;
use super::settings::ClusterSettings;
use super::streams;

/// What a node would find in a cluster, and do there, at its start.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterReport {
    /// The name of the NATS server that has answered.
    pub server: String,
    /// Its version.
    pub version: String,
    /// The NATS cluster that it belongs to. None if it stands alone.
    pub nats_cluster: Option<String>,
    /// The streams that are there, as they should be.
    pub kept: Vec<String>,
    /// The streams that would be created.
    pub created: Vec<String>,
    /// How many servers keep each stream.
    pub replicas: usize,
    /// The bytes that each stream may have.
    pub stream_bytes: u64,
    /// How long a stream keeps what nobody refreshes.
    pub max_age: Duration,
}

/// Looks into a cluster and says what a node with these settings would do there at its start. It
/// changes nothing. `owner_grace_ms` is that of [`Limits`](crate::Limits).
///
/// # Errors
/// If a node with these settings couldn't start, as far as that can be seen: only the creation of a
/// stream shows whether there are enough servers, and space, for it.
pub async fn check_cluster(
    settings: &ClusterSettings,
    owner_grace_ms: u64,
) -> Result<ClusterReport, ClusterError> {
    let connection = Connection::open(settings).await?;
    let api = Api::new(&connection, &settings.name);
    let wanted = streams::wanted(settings, owner_grace_ms);
    let are_there = streams::inspect(&api, &wanted).await?;
    let max_age = wanted.first().map_or(Duration::ZERO, |stream| stream.max_age);
    let (mut kept, mut missing) = (Vec::new(), Vec::new());
    for (stream, is_there) in wanted.into_iter().zip(are_there) {
        if is_there { kept.push(stream.name) } else { missing.push(stream) }
    }
    if !missing.is_empty() {
        account::check(&api, settings, &missing).await?;
    }
    let created = missing.into_iter().map(|Config { name, .. }| name).collect();
    let info = connection.client.server_info();
    Ok(ClusterReport {
        server: info.server_name,
        version: info.version,
        nats_cluster: info.cluster,
        kept,
        created,
        replicas: settings.replicas,
        stream_bytes: settings.stream_bytes,
        max_age,
    })
}

impl fmt::Display for ClusterReport {
    /// A line for each finding, the last one without its end.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, version, replicas, stream_bytes, .. } = self;
        let place = self
            .nats_cluster
            .as_ref()
            .map_or("standing alone".to_owned(), |name| format!("of the cluster {name}"));
        writeln!(formatter, "NATS server {server} ({version}), {place}, answers")?;
        if !self.kept.is_empty() {
            writeln!(formatter, "there already: {}", self.kept.join(", "))?;
        }
        if !self.created.is_empty() {
            writeln!(formatter, "to be created at the start: {}", self.created.join(", "))?;
        }
        let seconds = self.max_age.as_secs();
        let servers = if *replicas == 1 { "1 server".to_owned() } else { format!("{replicas} servers") };
        write!(
            formatter,
            "each stream: on {servers}, at most {stream_bytes} bytes, orphaned rooms for {seconds} s"
        )
    }
}
