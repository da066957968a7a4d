//! What can be wrong with a cluster. Each error says who is at fault and what to do.

use std::path::{Path, PathBuf};

use super::differences::StreamDifferences;

/// Why a server can't be a node of a cluster.
///
/// No message shows a password or a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// No server is named.
    #[error(
        "no NATS server is named: give the address of one at least (ClusterSettings::servers, cluster.nats)"
    )]
    NoServer,
    /// Rooms that are kept need not be opened anew.
    #[error(
        "a cluster keeps its rooms, so that none is opened anew: leave out access.reopen-secret, or the cluster"
    )]
    ReopenSecret,
    /// The cluster's name can't be.
    #[error(
        "{0:?} is no name for a cluster (cluster.cluster-name): it must have 1 to 32 of a to z, 0 to 9 and -"
    )]
    InvalidName(String),
    /// The node's name can't be.
    #[error(
        "{0:?} is no name for a node (cluster.node-name): it must have 1 to 64 characters, all of them visible"
    )]
    InvalidNode(String),
    /// No stream can be kept by so many servers.
    #[error("{0} is no number of replicas (cluster.nats-replicas): it must be 1 to 5")]
    InvalidReplicas(usize),
    /// No stream can have so many bytes.
    #[error(
        "{0} is no number of bytes of a stream (cluster.nats-stream-bytes): it must be 1048576 to 9223372036854775807"
    )]
    InvalidStreamBytes(u64),
    /// A certificate without its key, or a key without its certificate.
    #[error(
        "the NATS servers are shown a certificate together with its key: set both of cluster.nats-certificate and \
         cluster.nats-key, or neither"
    )]
    HalfOfTls,
    /// The addresses name several users.
    #[error(
        "the addresses of the NATS servers (cluster.nats) name several users: a node is one user on all servers"
    )]
    SeveralUsers,
    /// Both an address and a file say who this node is.
    #[error(
        "both an address in cluster.nats and the file of cluster.nats-credentials name a user: leave out one of them"
    )]
    TwoUsers,
    /// A file can't be read.
    #[error("{}: cannot be read ({reason}): let the server's user read it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// A file isn't what it should be.
    #[error("{}: {reason}", path.display())]
    WrongFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what must be in it.
        reason: String,
    },
    /// No server has answered.
    #[error(
        "none of the NATS servers answered within 10 s ({servers}): {reason}: start them, or correct their addresses"
    )]
    Unreachable {
        /// The servers.
        servers: String,
        /// What became of the last attempt.
        reason: String,
    },
    /// The servers don't let this node in.
    #[error("the NATS servers ({servers}) refuse {user}: {reason}: give this node a user that they know")]
    Refused {
        /// The servers.
        servers: String,
        /// What this node has shown them.
        user: String,
        /// What was said.
        reason: String,
    },
    /// There is no TLS connection.
    #[error(
        "no TLS with the NATS servers ({servers}): {reason}: see that their certificates come from an authority that \
         cluster.nats-ca has, that these are for their addresses, and that cluster.nats-certificate is one they accept"
    )]
    Tls {
        /// The servers.
        servers: String,
        /// What was said.
        reason: String,
    },
    /// A server is too old.
    #[error("the NATS server {server} is nats-server {version}: bring all of them to 2.11 or newer")]
    OldServer {
        /// The server.
        server: String,
        /// Its version.
        version: String,
    },
    /// A server takes small messages only.
    #[error(
        "the NATS server {server} takes messages of {max_payload} bytes only: set its max_payload to 65536 or more, on \
         all of them"
    )]
    SmallPayload {
        /// The server.
        server: String,
        /// Bytes of its largest message.
        max_payload: usize,
    },
    /// No server has JetStream.
    #[error(
        "JetStream is off on the NATS server {server}: switch it on in its configuration, with a store_dir"
    )]
    NoJetStream {
        /// The server.
        server: String,
    },
    /// This node's account has no JetStream.
    #[error(
        "JetStream is off for the account of {user}: switch it on for this account, or give this node another one"
    )]
    NoJetStreamForAccount {
        /// What this node has shown the servers.
        user: String,
    },
    /// This node's user may not do what it has to.
    #[error(
        "{user} may not do what a node does ({reason}): let it publish and subscribe to $JS.API.>, {name}.> and _INBOX.>"
    )]
    Forbidden {
        /// What this node has shown the servers.
        user: String,
        /// What the server said.
        reason: String,
        /// The name of the cluster.
        name: String,
    },
    /// JetStream doesn't answer.
    #[error(
        "JetStream didn't answer within 10 s ({reason}): see that most of the NATS servers run and reach each other"
    )]
    Unavailable {
        /// What became of the last attempt.
        reason: String,
    },
    /// There are fewer servers than replicas.
    #[error(
        "there are too few NATS servers with JetStream for {replicas} replicas ({reason}): start {replicas} in one \
         cluster, or lower --nats-replicas (cluster.nats-replicas)"
    )]
    TooFewServers {
        /// Servers that are to keep each stream.
        replicas: usize,
        /// What JetStream said.
        reason: String,
    },
    /// The servers have no space for the streams.
    #[error(
        "the NATS servers have no space for 8 streams of {stream_bytes} bytes and one of at most 64 MiB ({reason}): \
         raise their max_file_store, or lower --nats-stream-bytes (cluster.nats-stream-bytes)"
    )]
    NoSpace {
        /// Bytes that each stream may have.
        stream_bytes: u64,
        /// What JetStream said.
        reason: String,
    },
    /// The account may not have the streams.
    #[error(
        "the account of {user} may not have 8 streams of {stream_bytes} bytes and one of at most 64 MiB ({reason}): \
         raise its limits, or lower --nats-stream-bytes (cluster.nats-stream-bytes)"
    )]
    AccountLimit {
        /// What this node has shown the servers.
        user: String,
        /// Bytes that each stream may have.
        stream_bytes: u64,
        /// Which limit.
        reason: String,
    },
    /// There are streams of these names with other settings.
    #[error("{}", StreamDifferences::shown(.0))]
    StreamsDiffer(Vec<StreamDifferences>),
    /// Another stream takes the messages.
    #[error(
        "the stream {other} takes messages for {subject}, which the stream {stream} needs: take them out of its subjects \
         (nats stream edit {other}), or give these rooms another --cluster-name (cluster.cluster-name)"
    )]
    SubjectTaken {
        /// The stream that can't be created.
        stream: String,
        /// Its subjects.
        subject: String,
        /// The stream that has them; several with commas.
        other: String,
    },
    /// JetStream refuses for another reason.
    #[error("JetStream refuses {what}: {reason}: see what the NATS servers log")]
    JetStream {
        /// What was asked for.
        what: String,
        /// What JetStream said.
        reason: String,
    },
}

impl ClusterError {
    /// What the operating system said of this file.
    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), reason: error.to_string() }
    }

    /// What is wrong with this file.
    pub(super) fn wrong_file(path: &Path, reason: impl Into<String>) -> Self {
        Self::WrongFile { path: path.to_owned(), reason: reason.into() }
    }
}
