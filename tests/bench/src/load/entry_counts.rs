//! What the streams of a cluster have taken, as a NATS server says.

use std::net::SocketAddr;

use anyhow::Context;
use serde_json::Value;

use crate::measurement::{Measurement, Metric};
use crate::wire::http;

/// What JetStream says of all streams.
const PATH: &str = "/jsz?accounts=true&streams=true";
/// What JetStream counts of an entry beside its payload: its subject, its headers, and the frame
/// around all of it. It is known to some bytes only, because numbers have more or fewer digits.
const BYTES_BESIDE: f64 = 154.0;

/// The sums over all streams.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct EntryCounts {
    /// All that were ever taken.
    taken: f64,
    /// Those that are there.
    kept: f64,
    kept_bytes: f64,
}

impl EntryCounts {
    pub(super) fn ask(monitor: SocketAddr) -> anyhow::Result<Self> {
        let page: Value = serde_json::from_str(&http::get(monitor, PATH, None)?)
            .context("a NATS server says of its streams what is not JSON")?;
        Ok(Self::read(&page))
    }

    fn read(page: &Value) -> Self {
        let list = |of: &Value, name: &str| of[name].as_array().cloned().unwrap_or_default();
        let accounts = list(page, "account_details");
        let states = accounts.iter().flat_map(|account| list(account, "stream_detail"));
        states.fold(Self::default(), |sum, stream| {
            let number = |name: &str| stream["state"][name].as_f64().unwrap_or(0.0);
            Self {
                taken: sum.taken + number("last_seq"),
                kept: sum.kept + number("messages"),
                kept_bytes: sum.kept_bytes + number("bytes"),
            }
        })
    }

    /// Writes how many entries were taken since `before`, with so many actions.
    pub(super) fn write_since(self, before: Self, actions: f64, seconds: f64, into: &mut Measurement) {
        let entries = self.taken - before.taken;
        if entries > 0.0 && self.kept > 0.0 {
            into.insert(Metric::EntriesPerSecond, entries / seconds);
            into.insert(Metric::ActionsPerEntry, actions / entries);
            into.insert(Metric::BytesPerEntry, (self.kept_bytes / self.kept - BYTES_BESIDE).max(1.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_streams_are_summed() {
        let stream = |last, kept| json!({"state": {"last_seq": last, "messages": kept, "bytes": kept * 354}});
        let page = json!({"account_details": [{"stream_detail": [stream(7, 2), stream(5, 4)]}]});
        let counts = EntryCounts::read(&page);
        assert_eq!(counts, EntryCounts { taken: 12.0, kept: 6.0, kept_bytes: 2_124.0 });
        let mut measurement = Measurement::new();
        counts.write_since(EntryCounts { taken: 2.0, ..counts }, 50.0, 5.0, &mut measurement);
        assert_eq!(measurement[&Metric::EntriesPerSecond], 2.0);
        assert_eq!(measurement[&Metric::ActionsPerEntry], 5.0);
        assert_eq!(measurement[&Metric::BytesPerEntry], 200.0);
        assert_eq!(EntryCounts::read(&json!({})), EntryCounts::default());
    }
}
