//! Bar charts as SVG, which readers see before the tables.

use std::path::Path;

use anyhow::Context;
use plotters::prelude::{
    Color, DrawingBackend, IntoDrawingArea, RGBColor, Rectangle, SVGBackend, TextStyle, WHITE,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{IntoFont, IntoTextStyle};

use super::candidate::Candidate;
use super::results::Results;
use super::table::number;
use crate::measurement::Metric;
use crate::scenario::Scenario;

/// One number of one scenario, for all candidates.
pub(super) struct Plot {
    /// Its file's name, without the ending.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    scenario: Scenario,
    metric: Metric,
}

/// All plots.
pub(super) const PLOTS: [Plot; 6] = [
    Plot {
        name: "paced",
        title: "CPU µs a delivery: 1,000 followers, 50 messages a second (less is better)",
        scenario: Scenario::Paced,
        metric: Metric::CpuPerDelivery,
    },
    Plot {
        name: "rooms",
        title: "CPU µs a delivery: 500 rooms of 4 followers, 10 messages a second (less is better)",
        scenario: Scenario::Rooms,
        metric: Metric::CpuPerDelivery,
    },
    Plot {
        name: "saturated",
        title: "Deliveries a second: 1,000 followers, 64 messages on their way (more is better)",
        scenario: Scenario::Saturated,
        metric: Metric::DeliveriesPerSecond,
    },
    Plot {
        name: "latency",
        title: "Latency, p99, ms: 1,000 followers, 50 messages a second (less is better)",
        scenario: Scenario::Paced,
        metric: Metric::P99,
    },
    Plot {
        name: "memory",
        title: "KiB a connection: 10,000 idle followers (less is better)",
        scenario: Scenario::Idle,
        metric: Metric::MemoryPerConnection,
    },
    Plot {
        name: "late-join",
        title: "CPU µs a join: a room that retains 1,000 messages (less is better)",
        scenario: Scenario::LateJoin,
        metric: Metric::CpuPerJoin,
    },
];

impl Plot {
    /// Draws the plot into a folder. Returns false if there is nothing to draw.
    pub(super) fn draw(&self, results: &Results, folder: &Path) -> anyhow::Result<bool> {
        let rows = results.of(self.scenario);
        let bars: Vec<_> =
            rows.iter().filter_map(|(candidate, row)| Some((*candidate, *row.get(&self.metric)?))).collect();
        if bars.is_empty() {
            return Ok(false);
        }
        let file = folder.join(format!("{}.svg", self.name));
        let size = (WIDTH.cast_unsigned(), (TITLE + ROW * bars.len() as i32 + EDGE).cast_unsigned());
        let mut svg = String::new();
        draw(SVGBackend::with_string(&mut svg, size), self, &bars)
            .map_err(|error| anyhow::anyhow!("{} cannot be drawn: {error}", self.name))?;
        // The library leaves out the last newline.
        let svg = svg.trim_end().to_owned() + "\n";
        std::fs::write(&file, svg).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(true)
    }
}

const WIDTH: i32 = 760;
const TITLE: i32 = 44;
const ROW: i32 = 30;
const BAR: i32 = 20;
const EDGE: i32 = 12;
/// Where the bars begin and where the longest ends. Names are left of them, numbers right.
const BARS: (i32, i32) = (130, 680);

const INK: RGBColor = RGBColor(40, 40, 40);
const OURS: RGBColor = RGBColor(31, 111, 235);
const FLOOR: RGBColor = RGBColor(140, 149, 159);
const PEER: RGBColor = RGBColor(219, 171, 10);

fn draw<B: DrawingBackend>(backend: B, plot: &Plot, bars: &[(Candidate, f64)]) -> Result<(), String>
where
    B::ErrorType: 'static,
{
    let area = backend.into_drawing_area();
    let told = |error: &dyn std::fmt::Display| error.to_string();
    area.fill(&WHITE).map_err(|error| told(&error))?;
    let style = |size: f64, x: HPos| text(size, x);
    area.draw_text(plot.title, &style(15.0, HPos::Left), (EDGE, TITLE / 2)).map_err(|error| told(&error))?;
    let longest = bars.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    for (row, (candidate, value)) in bars.iter().enumerate() {
        let top = TITLE + ROW * row as i32;
        let middle = top + BAR / 2;
        let end = BARS.0 + (f64::from(BARS.1 - BARS.0) * value / longest) as i32;
        let bar = Rectangle::new([(BARS.0, top), (end, top + BAR)], colour(*candidate).filled());
        area.draw(&bar).map_err(|error| told(&error))?;
        let name = (BARS.0 - 8, middle);
        area.draw_text(candidate.name(), &style(13.0, HPos::Right), name).map_err(|error| told(&error))?;
        let number = number(plot.metric, *value);
        area.draw_text(&number, &style(13.0, HPos::Left), (end + 6, middle)).map_err(|error| told(&error))?;
    }
    area.present().map_err(|error| told(&error))
}

fn text(size: f64, x: HPos) -> TextStyle<'static> {
    ("sans-serif", size).into_font().into_text_style(&(0, 0)).color(&INK).pos(Pos::new(x, VPos::Center))
}

fn colour(candidate: Candidate) -> RGBColor {
    match candidate {
        Candidate::Server | Candidate::Before | Candidate::BeforeAgain => OURS,
        Candidate::WriteLoop | Candidate::Coalescing => FLOOR,
        _ => PEER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::Measurement;

    #[test]
    fn a_plot_shows_every_candidate_with_its_number() {
        let folder = std::env::temp_dir();
        let mut results = Results::default();
        for (candidate, cpu) in [(Candidate::Server, 7.75), (Candidate::Bun, 8.9)] {
            results.add(Scenario::Paced, candidate, Ok(Measurement::from([(Metric::CpuPerDelivery, cpu)])));
        }
        let plot = Plot { name: "rtbroadcaster-bench-test", ..PLOTS[0] };
        assert!(plot.draw(&results, &folder).unwrap());
        let svg = std::fs::read_to_string(folder.join("rtbroadcaster-bench-test.svg")).unwrap();
        for shown in ["rtbroadcaster", "7.75", "Bun", "8.90"] {
            assert!(svg.contains(shown), "{shown} in {svg}");
        }
        assert!(!PLOTS[1].draw(&results, &folder).unwrap());
    }
}
