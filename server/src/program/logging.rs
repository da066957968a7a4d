//! The program's log, on stderr.

use std::io::{IsTerminal, stderr};
use std::str::FromStr;

use tracing::{Subscriber, error};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

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
    pub(crate) fn start(self, targets: Targets) {
        let log = tracing_subscriber::registry().with(targets);
        match self {
            Self::Text => log.with(text()).init(),
            Self::Json => {
                log.with(json()).init();
                // By default a panic prints lines that are no objects.
                std::panic::set_hook(Box::new(|panic| error!("{panic}")));
            }
        }
    }

    /// Reports why the program ends, whatever the targets are.
    pub(crate) fn report_failure(self, failure: &anyhow::Error) {
        match self {
            Self::Text => eprintln!("error: {failure:#}"),
            Self::Json => {
                let log = tracing_subscriber::registry().with(json());
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

fn text<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl tracing_subscriber::Layer<S> {
    fmt::layer().with_writer(stderr).with_target(false).with_ansi(stderr().is_terminal())
}

fn json<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl tracing_subscriber::Layer<S> {
    // An event has at most one span, the connection's, so the list of spans would only repeat it.
    fmt::layer().json().flatten_event(true).with_span_list(false).with_writer(stderr)
}
