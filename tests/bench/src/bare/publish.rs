//! The least that keeping messages in `JetStream` takes: one after the other, each behind the last,
//! as a room's entries are.

use std::error::Error;
use std::future::IntoFuture;
use std::time::Duration;

use anyhow::Context;
use async_nats::HeaderMap;
use async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::stream::{Config, Republish, StorageType};
use async_nats::jetstream::{self, Context as JetStream};
use hdrhistogram::Histogram;
use tokio::time::{Instant, sleep_until};

use super::runtime::Runtime;
use crate::load::Observed;
use crate::measurement::{Measurement, Metric};

/// The subjects of the stream, and those under which the servers publish what it has taken.
const KEPT: &str = "bare.log.>";
const PUBLISHED: &str = "bare.live.>";
/// The subject of all messages.
const SUBJECT: &str = "bare.log.room";
/// The error code with which JetStream says that another message is under way.
const UNDER_WAY: u64 = 10_164;
/// What goes before the measured part.
const WARM_UP: Duration = Duration::from_millis(300);
/// The longest time that is told apart: a minute.
const MAX_NANOSECONDS: u64 = 60_000_000_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The addresses of the servers, with commas between them.
    #[arg(long)]
    nats: String,
    /// How often to publish, if not as often as is possible.
    #[arg(long)]
    per_second: Option<f64>,
    #[arg(long)]
    bytes: f64,
    #[arg(long)]
    seconds: f64,
    #[arg(long)]
    runtime: Runtime,
}

/// Publishes, and tells how long each took, and the CPU time of each.
pub(super) fn measure(args: &Args) -> anyhow::Result<Measurement> {
    let (nats, bytes) = (args.nats.clone(), args.bytes.round() as usize);
    let interval = args.per_second.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate));
    let time = Duration::from_secs_f64(args.seconds);
    args.runtime.run(async move {
        let mut publishing = Publishing::begin(&nats, bytes).await?;
        publishing.go_on(interval, WARM_UP).await?;
        let before = Observed::own().cpu()?;
        let nanoseconds = publishing.go_on(interval, time).await?;
        let cpu = Observed::own().cpu_since(before)?.as_secs_f64() * 1e6;
        let milliseconds = |quantile| nanoseconds.value_at_quantile(quantile) as f64 / 1e6;
        Ok(Measurement::from([
            (Metric::PublishP50, milliseconds(0.5)),
            (Metric::PublishP99, milliseconds(0.99)),
            (Metric::BareCpuPerAction, cpu / nanoseconds.len() as f64),
        ]))
    })
}

struct Publishing {
    jetstream: JetStream,
    payload: Vec<u8>,
    last: u64,
}

impl Publishing {
    /// Connects, and creates a stream as the server's are.
    async fn begin(nats: &str, bytes: usize) -> anyhow::Result<Self> {
        let servers: Vec<_> = nats.split(',').collect();
        let client = async_nats::connect(servers).await.context("no connection to NATS")?;
        let jetstream = jetstream::new(client);
        let stream = Config {
            name: "BARE".to_owned(),
            subjects: vec![KEPT.to_owned()],
            storage: StorageType::File,
            num_replicas: 3,
            allow_direct: true,
            republish: Some(Republish {
                source: KEPT.to_owned(),
                destination: PUBLISHED.to_owned(),
                headers_only: false,
            }),
            ..Config::default()
        };
        // The one of an earlier program would be led by the same server.
        let _ = jetstream.delete_stream(&stream.name).await;
        jetstream.create_stream(stream).await.context("a stream cannot be created")?;
        Ok(Self { jetstream, payload: vec![b'x'; bytes], last: 0 })
    }

    /// Publishes for a while. Returns how long each took, in nanoseconds.
    async fn go_on(&mut self, interval: Duration, time: Duration) -> anyhow::Result<Histogram<u64>> {
        let mut nanoseconds = Histogram::new_with_bounds(1, MAX_NANOSECONDS, 3).context("no histogram")?;
        let (began, mut due) = (Instant::now(), Duration::ZERO);
        while began.elapsed().max(due) < time {
            sleep_until(began + due).await;
            due += interval;
            let publish_began = Instant::now();
            while !self.publish().await? {}
            nanoseconds.saturating_record(u64::try_from(publish_began.elapsed().as_nanos())?);
        }
        Ok(nanoseconds)
    }

    /// Publishes a message. False if JetStream doesn't take it yet, because to it the last one is
    /// still under way, although it has acknowledged that.
    async fn publish(&mut self) -> anyhow::Result<bool> {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, self.last.to_string());
        let sent = self.jetstream.publish_with_headers(SUBJECT, headers, self.payload.clone().into()).await;
        match sent.context("a message cannot be sent")?.into_future().await {
            Ok(kept) => {
                self.last = kept.sequence;
                Ok(true)
            }
            Err(error) if is_under_way(&error) => Ok(false),
            Err(error) => Err(error).context("a message is not kept"),
        }
    }
}

fn is_under_way(error: &PublishError) -> bool {
    let reason = error.source().and_then(|source| source.downcast_ref::<jetstream::Error>());
    reason.is_some_and(|reason| reason.error_code().0 == UNDER_WAY)
}
