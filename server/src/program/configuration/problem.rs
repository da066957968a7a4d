//! Problems of a configuration, as they are reported.

use std::fmt;

use super::source::{Position, Source};

/// One problem, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where to correct it: `file:line:column: key`, a variable or a flag.
    location: String,
    message: String,
}

impl Problem {
    /// A problem of the value for this key.
    pub(crate) fn with_value(source: &Source, key: &str, message: impl Into<String>) -> Self {
        let location = match source {
            Source::Default => key.to_owned(),
            Source::File(position) => return Self::in_file(position, Some(key), message),
            Source::Environment(name) | Source::Flag(name) => name.clone(),
        };
        Self { location, message: message.into() }
    }

    /// A problem of a file's text, with the key that it concerns, if any.
    pub(crate) fn in_file(position: &Position, key: Option<&str>, message: impl Into<String>) -> Self {
        let Position { file, line, column } = position;
        let key = key.map(|key| format!(": {key}")).unwrap_or_default();
        Self { location: format!("{file}:{line}:{column}{key}"), message: message.into() }
    }

    /// A problem of a whole file, or of several values together.
    pub(crate) fn with(what: impl Into<String>, message: impl Into<String>) -> Self {
        Self { location: what.into(), message: message.into() }
    }
}

/// All problems of a configuration; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Problem { location, message } in &self.0 {
            writeln!(formatter, "error: {location}: {message}")?;
        }
        Ok(())
    }
}
