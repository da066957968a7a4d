//! The journal in NATS JetStream: rooms that live on several machines.

mod account;
mod api;
mod connection;
mod differences;
mod error;
mod files;
mod report;
mod server_address;
mod settings;
mod start;
mod streams;

pub use differences::StreamDifferences;
pub use error::ClusterError;
pub use report::{ClusterReport, check_cluster};
pub use server_address::{InvalidNatsServer, NatsServer};
pub use settings::ClusterSettings;
#[cfg(feature = "internals")]
pub(crate) use start::start as start_cluster;
