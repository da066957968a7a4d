//! A server's metrics, read as strictly as the format allows.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Request, eventually};

/// The path of the metrics, here and in the program.
pub const METRICS_PATH: &str = "/metrics";

/// A page of metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Scrape {
    /// Every series, by its name and labels as on the page: `name{label="value"}`.
    pub series: BTreeMap<String, f64>,
    /// The kind of each metric, by its name.
    pub families: BTreeMap<String, String>,
}

impl Scrape {
    /// Reads the metrics of a server.
    pub async fn of(address: &str) -> Self {
        let response = Request::get(METRICS_PATH).send(address).await;
        assert_eq!(response.status, 200, "{}", response.body);
        assert_eq!(response.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        Self::parse(&response.body)
    }

    /// Reads a page in version 0.0.4 of the text format. It must follow Prometheus' conventions
    /// too.
    #[must_use]
    pub fn parse(page: &str) -> Self {
        assert!(page.ends_with('\n'), "the last line has no end");
        let mut scrape = Self { series: BTreeMap::new(), families: BTreeMap::new() };
        let (mut described, mut current) = (BTreeSet::new(), String::new());
        for line in page.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, text) = help.split_once(' ').expect("a name and an explanation");
                assert!(!text.is_empty() && described.insert(name.to_owned()), "{line}");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').expect("a name and a type");
                assert!(described.contains(name), "{name} is not explained");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                assert!(scrape.families.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
                name.clone_into(&mut current);
            } else {
                scrape.sample(line, &current);
            }
        }
        scrape.check_histograms();
        scrape
    }

    /// The value of a series.
    #[must_use]
    pub fn value(&self, series: &str) -> f64 {
        *self.series.get(series).unwrap_or_else(|| panic!("no {series} among {:#?}", self.series))
    }

    /// How much each series has changed, without the series whose names begin with one of these.
    #[must_use]
    pub fn changes_since(&self, before: &Self, but: &[&str]) -> BTreeMap<String, f64> {
        assert!(self.series.keys().eq(before.series.keys()), "all series are there from the beginning");
        let changes = self.series.iter().map(|(name, value)| (name.clone(), value - before.value(name)));
        changes
            .filter(|(name, by)| *by != 0.0 && !but.iter().any(|prefix| name.starts_with(prefix)))
            .collect()
    }

    fn sample(&mut self, line: &str, family: &str) {
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("a sample, not {line:?}"));
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        let is_histogram = self.families.get(family).is_some_and(|kind| kind == "histogram");
        let of = if is_histogram { base.unwrap_or(name) } else { name };
        assert_eq!(of, family, "{line} stands under {family}");
        let plain = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        assert!(plain(name), "{name}");
        let labels = labels.strip_suffix('}').unwrap_or_else(|| panic!("labels in {line}"));
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (label, value) = label.split_once('=').unwrap_or_else(|| panic!("a label in {line}"));
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            assert!(plain(label) && value.is_some_and(|value| !value.contains(['"', '\\', ' '])), "{line}");
        }
        let value = value.parse().unwrap_or_else(|_| panic!("a number in {line}"));
        assert!(self.series.insert(series.to_owned(), value).is_none(), "{series} stands there twice");
    }

    /// Checks that no bucket is smaller than the one before, and that the last counts everything.
    fn check_histograms(&self) {
        for (name, _) in self.families.iter().filter(|(_, kind)| *kind == "histogram") {
            let begin = format!("{name}_bucket{{le=\"");
            let buckets = self.series.iter().filter_map(|(series, count)| {
                let bound = series.strip_prefix(&begin)?.strip_suffix("\"}")?;
                Some((bound.parse::<f64>().expect("a bound is a number"), *count))
            });
            let mut buckets: Vec<_> = buckets.collect();
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            assert!(buckets.is_sorted_by_key(|(_, count)| *count), "{buckets:?}");
            let (bound, all) = buckets.last().expect("a histogram has buckets");
            assert_eq!((*bound, *all), (f64::INFINITY, self.value(&format!("{name}_count"))));
            assert!(self.series.contains_key(&format!("{name}_sum")));
        }
    }
}

/// Series that depend on the lengths of messages and on the sizes of reads. tests/metrics.rs and
/// others cover them.
pub const HOW_MUCH: &[&str] = &[
    "rtbroadcaster_sent_bytes_total",
    "rtbroadcaster_received_bytes_total",
    "rtbroadcaster_frames_sent_total",
    "rtbroadcaster_delivery_seconds",
    "rtbroadcaster_ring_bytes",
    "rtbroadcaster_room_memory_bytes",
    "rtbroadcaster_tasks",
    "rtbroadcaster_slot_bytes",
    "rtbroadcaster_snapshot_bytes",
];

/// Waits until exactly these series of a server have changed by these amounts. A fan-out is counted
/// when it is over, which may be after a client has received its message.
pub async fn metrics_change(address: &str, before: &Scrape, but: &[&str], expected: &[(&str, f64)]) {
    let expected = expected.iter().map(|(name, by)| ((*name).to_owned(), *by)).collect();
    eventually(&expected, async || Scrape::of(address).await.changes_since(before, but)).await;
}
