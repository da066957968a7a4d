//! What a server's store has done, as its `/metrics` say.

use std::net::SocketAddr;

use crate::measurement::{Measurement, Metric};
use crate::wire::http;

/// The counters of a store. All are 0 where there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct StoreCounts {
    commits: f64,
    rows: f64,
    bytes: f64,
}

impl StoreCounts {
    pub(super) fn scrape(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let page = http::get(address, "/metrics", Some(token))?;
        Ok(Self::read(&page))
    }

    fn read(page: &str) -> Self {
        let value = |name: &str| {
            let mut values = page.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            values.next().and_then(|value| value.trim().parse().ok()).unwrap_or(0.0)
        };
        Self {
            commits: value("rtbroadcaster_store_commits_total"),
            rows: value("rtbroadcaster_store_rows_total"),
            bytes: value("rtbroadcaster_store_written_bytes_total"),
        }
    }

    /// Writes how large the groups were since `before`, in which there were so many actions.
    pub(super) fn write_since(self, before: Self, actions: f64, seconds: f64, into: &mut Measurement) {
        let commits = self.commits - before.commits;
        let rows = self.rows - before.rows;
        if commits > 0.0 && rows > 0.0 {
            into.insert(Metric::CommitsPerSecond, commits / seconds);
            into.insert(Metric::ActionsPerCommit, actions / commits);
            into.insert(Metric::RowsPerCommit, rows / commits);
            into.insert(Metric::BytesPerRow, (self.bytes - before.bytes) / rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_found_on_the_page() {
        let page = "# TYPE rtbroadcaster_store_commits_total counter\n\
                    rtbroadcaster_store_commits_total 12\nrtbroadcaster_store_rows_total 30\n";
        let counts = StoreCounts::read(page);
        assert_eq!(counts, StoreCounts { commits: 12.0, rows: 30.0, bytes: 0.0 });
        let mut measurement = Measurement::new();
        counts.write_since(StoreCounts::read(""), 60.0, 6.0, &mut measurement);
        assert_eq!(measurement[&Metric::ActionsPerCommit], 5.0);
        assert_eq!(measurement[&Metric::CommitsPerSecond], 2.0);
    }
}
