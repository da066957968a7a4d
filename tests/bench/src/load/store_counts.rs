//! What a server's store has done, as its `/metrics` say.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, bail};

use crate::measurement::{Measurement, Metric};

/// The counters of a store. All are 0 where there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct StoreCounts {
    commits: f64,
    rows: f64,
    bytes: f64,
}

impl StoreCounts {
    pub(super) fn scrape(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(address).context("no connection for /metrics")?;
        let request = format!(
            "GET /metrics HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).context("/metrics cannot be asked for")?;
        let mut page = String::new();
        stream.read_to_string(&mut page).context("/metrics cannot be read")?;
        if !page.starts_with("HTTP/1.1 200") {
            bail!("/metrics: {}", page.lines().next().unwrap_or_default());
        }
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
