//! Prometheus' text format, version 0.0.4.
//!
//! It is written here without a library. A library (prometheus-client) would save only this page,
//! and would bring six crates, counters that wait for each other's caches, and another dialect of
//! the format.

use std::fmt::{Display, Write as _};

use super::family::{Family, Kind};
use crate::metrics::LatencyCounts;

/// The format's media type.
pub(crate) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page of metrics.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    /// Writes a metric of one series.
    pub(super) fn one(&mut self, family: Family, value: impl Display) {
        self.head(family);
        self.sample(family.name, "", &[], value);
    }

    /// Writes a metric of several series. Labels' values are not escaped: they are our own words,
    /// or numbers.
    pub(super) fn several<'l, const LABELS: usize>(
        &mut self,
        family: Family,
        series: impl IntoIterator<Item = ([(&'l str, &'l str); LABELS], u64)>,
    ) {
        self.head(family);
        for (labels, value) in series {
            self.sample(family.name, "", &labels, value);
        }
    }

    pub(super) fn histogram(&mut self, family: Family, latency: &LatencyCounts) {
        self.head(family);
        for (microseconds, count) in latency.cumulative() {
            let bound = (microseconds as f64 / 1e6).to_string();
            self.sample(family.name, "_bucket", &[("le", &bound)], count);
        }
        self.sample(family.name, "_bucket", &[("le", "+Inf")], latency.count());
        self.sample(family.name, "_sum", &[], latency.seconds());
        self.sample(family.name, "_count", &[], latency.count());
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }

    fn head(&mut self, Family { name, kind, help }: Family) {
        debug_assert_eq!(kind == Kind::Counter, name.ends_with("_total"), "{name}");
        self.push(format_args!("# HELP {name} {help}\n# TYPE {name} {}\n", kind.name()));
    }

    fn sample(&mut self, name: &str, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        self.push(format_args!("{name}{suffix}"));
        for (index, (label, text)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            self.push(format_args!("{before}{label}=\"{text}\""));
        }
        let end = if labels.is_empty() { "" } else { "}" };
        self.push(format_args!("{end} {value}\n"));
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        self.0.write_fmt(text).expect("a String takes everything that is written to it");
    }
}

#[cfg(test)]
mod tests {
    use super::super::family;
    use super::*;
    use crate::metrics::Latency;

    #[test]
    fn a_page_is_written_in_prometheus_text_format() {
        let mut text = Text::default();
        text.one(family::ROOMS, 3);
        text.several(family::CLOSED, [([("by", "server"), ("code", "4000")], 7)]);
        let latency = Latency::default();
        latency.observe(70_000);
        text.histogram(family::LATENCY, &LatencyCounts::default().with(&latency));
        let text = text.into_string();
        let expected = "# HELP rtbroadcaster_rooms Rooms that are open.\n# TYPE rtbroadcaster_rooms gauge\n\
                     rtbroadcaster_rooms 3\n";
        assert!(text.starts_with(expected), "{text}");
        for line in [
            "rtbroadcaster_connections_closed_total{by=\"server\",code=\"4000\"} 7",
            "rtbroadcaster_delivery_seconds_bucket{le=\"0.00005\"} 0",
            "rtbroadcaster_delivery_seconds_bucket{le=\"0.0001\"} 1",
            "rtbroadcaster_delivery_seconds_bucket{le=\"1\"} 1",
            "rtbroadcaster_delivery_seconds_bucket{le=\"+Inf\"} 1",
            "rtbroadcaster_delivery_seconds_sum 0.00007",
            "rtbroadcaster_delivery_seconds_count 1",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} in {text}");
        }
    }
}
