//! The journal in NATS JetStream: rooms that live on several machines.

mod account;
mod api;
mod connection;
mod differences;
mod error;
mod files;
mod report;
mod room_logs;
mod server_address;
mod settings;
mod start;
mod streams;
mod subjects;
mod unique;

pub use differences::StreamDifferences;
pub use error::ClusterError;
pub use report::{ClusterReport, check_cluster};
pub use server_address::{InvalidNatsServer, NatsServer};
pub use settings::ClusterSettings;

pub(crate) use connection::{Connection as NatsConnection, ConnectionEvent as NatsEvent};
pub(crate) use room_logs::{RoomLogs, StoredEntry, StreamState, Unread, Written, stored};
pub(crate) use start::start as start_cluster;
pub(crate) use streams::{STREAMS, UNIQUE_REFRESH, grace as cluster_grace};
pub(crate) use subjects::Subjects;
pub(crate) use unique::{CodedRoom, UniqueStream};
