//! The least that another node takes for messages that are kept in `JetStream`: it hears each.

use std::io::{Read, Write};

use anyhow::Context;
use futures_util::StreamExt;
use futures_util::future::{Either, select};

use super::runtime::Runtime;
use crate::load::Observed;
use crate::measurement::{Measurement, Metric};

/// Under which servers publish what the stream has taken.
const SUBJECT: &str = "bare.live.>";
/// Said when every further message is heard.
pub(crate) const HEARS: &str = "hears";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The addresses of the servers, with commas between them.
    #[arg(long)]
    nats: String,
    #[arg(long)]
    runtime: Runtime,
}

/// Hears messages until stdin ends, and tells the CPU time of each.
pub(super) fn measure(args: &Args) -> anyhow::Result<Measurement> {
    let nats = args.nats.clone();
    args.runtime.run(async move {
        let servers: Vec<_> = nats.split(',').collect();
        let client = async_nats::connect(servers).await.context("no connection to NATS")?;
        let mut messages = client.subscribe(SUBJECT).await.context("no subscription")?;
        client.flush().await.context("no subscription")?;
        println!("{HEARS}");
        std::io::stdout().flush()?;
        let before = Observed::own().cpu()?;
        let end = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        tokio::pin!(end);
        let mut heard = 0_u64;
        while let Either::Left((Some(_), _)) = select(messages.next(), &mut end).await {
            heard += 1;
        }
        let cpu = Observed::own().cpu_since(before)?.as_secs_f64() * 1e6;
        Ok(Measurement::from([(Metric::BareCpuPerAction, cpu / heard as f64)]))
    })
}
