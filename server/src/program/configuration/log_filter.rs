//! The setting `server.log`: which levels and modules are logged.

use std::str::FromStr;

use tracing_subscriber::filter::{LevelFilter, Targets};

/// What is logged: the text of the setting, and the filter that it means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LogFilter {
    text: String,
    targets: Targets,
}

impl LogFilter {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn targets(&self) -> &Targets {
        &self.targets
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self { text: "info".to_owned(), targets: Targets::new().with_default(LevelFilter::INFO) }
    }
}

impl FromStr for LogFilter {
    type Err = String;

    /// Rejects a mistyped level. Otherwise it would count as the name of a module, and nothing else
    /// would be logged.
    fn from_str(text: &str) -> Result<Self, String> {
        let form = || {
            "must be a level (error, warn, info, debug, trace, off), or module=level, several with commas"
                .to_owned()
        };
        for part in text.split(',').filter(|part| !part.contains('=')) {
            part.trim().parse::<LevelFilter>().map_err(|_| form())?;
        }
        Ok(Self { text: text.to_owned(), targets: text.parse().map_err(|_| form())? })
    }
}
