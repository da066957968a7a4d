//! The program's log, on stderr: its format, and the report of lines that nobody has read.

use std::io::{IsTerminal, stderr};
use std::str::FromStr;
use std::time::Duration;

use rtbroadcaster::Manager;
use tracing::{Subscriber, error, warn};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

use crate::log_writer::LogWriter;

/// The pause between two looks at how many lines were dropped.
const REPORT_PAUSE: Duration = Duration::from_secs(1);

/// Reports dropped lines: as a metric, and as a line once lines are read again.
pub(crate) async fn report_dropped_lines(log: LogWriter, manager: Manager) {
    let (mut counted, mut told) = (0, 0);
    loop {
        tokio::time::sleep(REPORT_PAUSE).await;
        let dropped = log.dropped();
        manager.count_dropped_log_lines(dropped - counted);
        counted = dropped;
        if dropped > told {
            warn!(lines = dropped - told, "the log was not read in time: lines of it were dropped");
            // If this line was dropped too, the next one tells of all.
            if log.dropped() == dropped {
                told = dropped;
            }
        }
    }
}

/// The format of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people, in colours on a terminal.
    #[default]
    Text,
    /// For programs: each line is an object.
    Json,
}

impl LogFormat {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    /// Starts the log with these targets.
    pub(crate) fn start(self, targets: Targets, writer: &LogWriter) {
        let log = tracing_subscriber::registry().with(targets);
        let writer = writer.clone();
        match self {
            Self::Text => log.with(text(move || writer.clone())).init(),
            Self::Json => log.with(json(move || writer.clone())).init(),
        }
        // By default a panic waits until its lines are read, and they are no objects.
        std::panic::set_hook(Box::new(|panic| error!("{panic}")));
    }

    /// Reports why the program ends, whatever the targets are.
    pub(crate) fn report_failure(self, failure: &anyhow::Error) {
        match self {
            Self::Text => eprintln!("error: {failure:#}"),
            Self::Json => {
                let log = tracing_subscriber::registry().with(json(stderr));
                tracing::subscriber::with_default(log, || error!("{failure:#}"));
            }
        }
    }
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = [Self::Text, Self::Json].into_iter().find(|format| format.name() == text.trim());
        known.ok_or_else(|| "must be text (for people) or json (an object on each line)".to_owned())
    }
}

fn text<S, W>(writer: W) -> impl tracing_subscriber::Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    fmt::layer().with_writer(writer).with_target(false).with_ansi(stderr().is_terminal())
}

fn json<S, W>(writer: W) -> impl tracing_subscriber::Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    // An event has at most one span, the connection's, so the list of spans would only repeat it.
    fmt::layer().json().flatten_event(true).with_span_list(false).with_writer(writer)
}
