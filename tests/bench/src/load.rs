//! The load generator: one scenario against one server, measured.

mod busy;
mod calls;
mod client;
mod crowd;
mod drive;
mod entry_counts;
mod journeys;
mod observed;
mod play;
mod room;
mod store_counts;
mod tally;
#[cfg(test)]
mod tests;
mod timer;

use std::net::SocketAddr;
use std::path::PathBuf;

pub(crate) use calls::Tool;
pub(crate) use observed::Observed;

use crate::scenario::{Extent, Scenario};
use crate::wire::dialect::Dialect;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The scenario to play.
    scenario: Scenario,
    /// The server's address.
    #[arg(long)]
    address: SocketAddr,
    /// Where followers go in turn, if not to that address.
    #[arg(long)]
    follow_at: Vec<SocketAddr>,
    /// The processes behind the address, of which the last one's usage is measured. Of a cluster
    /// the nodes, of which all are measured, the owner's first.
    #[arg(long, required = true)]
    process: Vec<u32>,
    /// The processes that keep or carry messages between nodes.
    #[arg(long)]
    between: Vec<u32>,
    /// Where a NATS server tells how much it has stored.
    #[arg(long)]
    monitor: Option<SocketAddr>,
    #[arg(long, default_value = "full")]
    extent: Extent,
    /// How the server wraps its messages.
    #[arg(long, default_value = "plain")]
    dialect: Dialect,
    /// The tool that counts system calls, for scenarios that need them.
    #[arg(long)]
    calls: Option<Tool>,
    /// The server's certificate: with it, everybody speaks TLS.
    #[arg(long)]
    tls_cert: Option<PathBuf>,
    /// The server's token for `/metrics`, if its store is measured.
    #[arg(long)]
    metrics_token: Option<String>,
}

/// Plays the scenario and prints the measurement as JSON.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let measurement = play::play(args)?;
    println!("{}", serde_json::to_string(&measurement)?);
    Ok(())
}
