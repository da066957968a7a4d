//! Where the cluster is, and how rooms are kept in it.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::error::ClusterError;
use super::server_address::NatsServer;
use crate::journal::host::host_name;

/// How many servers may keep each stream. JetStream allows no more.
const REPLICAS: RangeInclusive<usize> = 1..=5;

/// The bytes that a stream may have: enough for a few rooms, up to what JetStream can count.
const STREAM_BYTES: RangeInclusive<u64> = 1_048_576..=i64::MAX as u64;

/// The most characters of a cluster's name, which stands in each subject.
const MAX_NAME: usize = 32;

/// The most characters of a node's name.
const MAX_NODE: usize = 64;

/// The NATS JetStream cluster in which the rooms of several nodes are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterSettings {
    /// Servers of the cluster, at least one. The others are found through those that answer.
    pub servers: Vec<NatsServer>,
    /// The file with the credentials (`.creds`) of this node's user. It is read once, at the start.
    /// Default: none.
    pub credentials: Option<PathBuf>,
    /// The file with the certificates (PEM) of the authorities that the servers' certificates come
    /// from. With it, TLS is required. Default: those that the operating system trusts.
    pub tls_ca: Option<PathBuf>,
    /// The file with this node's own certificate (PEM), if the servers ask for one. With it, TLS is
    /// required. Default: none.
    pub tls_certificate: Option<PathBuf>,
    /// The file with that certificate's private key (PEM).
    pub tls_key: Option<PathBuf>,
    /// The name of the rooms that the nodes share: 1 to 32 of a to z, 0 to 9 and -. Nodes with
    /// another name share nothing with these, even on the same servers. Default `rtbroadcaster`.
    pub name: String,
    /// The name of this node, for people: 1 to 64 characters. Two nodes may have the same. Default:
    /// the name of the host.
    pub node: String,
    /// How many servers keep each room, 1 to 5. Default 3, which survives the loss of one server.
    pub replicas: usize,
    /// The bytes that each of the 8 streams of rooms may have, on each of its servers; at least
    /// 1,048,576.
    /// When a stream is full, nothing more is acknowledged in its rooms. Default 1 GiB.
    pub stream_bytes: u64,
}

impl ClusterSettings {
    /// The cluster of these servers.
    ///
    /// ```
    /// use rtbroadcaster::{ClusterSettings, NatsServer};
    ///
    /// let server: NatsServer = "nats://127.0.0.1:4222".parse()?;
    /// let cluster = ClusterSettings::new([server]).with(|cluster| cluster.replicas = 1);
    /// # drop(cluster);
    /// # Ok::<(), rtbroadcaster::InvalidNatsServer>(())
    /// ```
    #[must_use]
    pub fn new(servers: impl IntoIterator<Item = NatsServer>) -> Self {
        Self {
            servers: servers.into_iter().collect(),
            credentials: None,
            tls_ca: None,
            tls_certificate: None,
            tls_key: None,
            name: "rtbroadcaster".to_owned(),
            node: host_name().unwrap_or_else(|| "node".to_owned()),
            replicas: 3,
            stream_bytes: 1 << 30,
        }
    }

    /// The same settings with some changed.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Checks all that can be known without the servers.
    ///
    /// # Errors
    /// The first setting that can't be.
    pub fn check(&self) -> Result<(), ClusterError> {
        if !is_name(&self.name) {
            return Err(ClusterError::InvalidName(self.name.clone()));
        }
        let characters = self.node.chars().count();
        if !(1..=MAX_NODE).contains(&characters) || self.node.chars().any(char::is_control) {
            return Err(ClusterError::InvalidNode(self.node.clone()));
        }
        if !REPLICAS.contains(&self.replicas) {
            return Err(ClusterError::InvalidReplicas(self.replicas));
        }
        if !STREAM_BYTES.contains(&self.stream_bytes) {
            return Err(ClusterError::InvalidStreamBytes(self.stream_bytes));
        }
        if self.servers.is_empty() {
            return Err(ClusterError::NoServer);
        }
        if self.tls_certificate.is_some() != self.tls_key.is_some() {
            return Err(ClusterError::HalfOfTls);
        }
        let mut users = self.servers.iter().filter_map(NatsServer::user);
        if let Some(user) = users.next() {
            if self.credentials.is_some() {
                return Err(ClusterError::TwoUsers);
            }
            if users.any(|other| other != user) {
                return Err(ClusterError::SeveralUsers);
            }
        }
        Ok(())
    }
}

/// Whether a text can be the name of a cluster. It becomes a part of subjects and, in capitals, of
/// the streams' names.
fn is_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(servers: &[&str]) -> ClusterSettings {
        ClusterSettings::new(servers.iter().map(|server| server.parse().unwrap()))
    }

    fn check(change: impl FnOnce(&mut ClusterSettings)) -> Result<(), String> {
        settings(&["nats://127.0.0.1"]).with(change).check().map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_right() {
        assert_eq!(check(|_| {}), Ok(()));
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_it_must_be() {
        let message = check(|settings| settings.servers.clear()).unwrap_err();
        assert!(message.contains("cluster.nats"), "{message}");
        for name in ["", "Rooms", "a.b", "a b", "a*", "ä", &"a".repeat(33)] {
            let message = check(|settings| settings.name = name.to_owned()).unwrap_err();
            assert!(message.contains("cluster.cluster-name"), "{message}");
        }
        for node in ["", "a\nb", &"a".repeat(65)] {
            let message = check(|settings| settings.node = node.to_owned()).unwrap_err();
            assert!(message.contains("cluster.node-name"), "{message}");
        }
        for replicas in [0, 6] {
            let message = check(|settings| settings.replicas = replicas).unwrap_err();
            assert!(message.contains("cluster.nats-replicas"), "{message}");
        }
        for bytes in [0, 1_048_575, u64::MAX] {
            let message = check(|settings| settings.stream_bytes = bytes).unwrap_err();
            assert!(message.contains("cluster.nats-stream-bytes"), "{message}");
        }
        let message = check(|settings| settings.tls_key = Some("key.pem".into())).unwrap_err();
        assert!(message.contains("cluster.nats-certificate"), "{message}");
    }

    #[test]
    fn a_node_is_one_user() {
        let one = "nats://me:secret@a";
        assert!(settings(&[one, "nats://me:secret@b", "nats://c"]).check().is_ok());
        let two = settings(&[one, "nats://you:secret@b"]).check();
        assert!(matches!(two, Err(ClusterError::SeveralUsers)));
        let both = settings(&[one]).with(|settings| settings.credentials = Some("a.creds".into())).check();
        assert!(matches!(both, Err(ClusterError::TwoUsers)));
    }

    #[test]
    fn no_secret_is_shown() {
        let shown = format!("{:?}", settings(&["nats://me:secret@a", "nats://token@b"]));
        assert!(!shown.contains("secret") && !shown.contains("token"), "{shown}");
    }
}
