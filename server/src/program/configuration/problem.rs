//! What is wrong with a configuration.

use std::fmt;

use super::source::{Position, Source};

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where it is to be put right: `file:line:column: key`, a variable, a flag.
    location: String,
    message: String,
}

impl Problem {
    /// Of a value of this key.
    pub(crate) fn with_value(source: &Source, key: &str, message: impl Into<String>) -> Self {
        let location = match source {
            Source::Default => key.to_owned(),
            Source::File(position) => return Self::in_file(position, Some(key), message),
            Source::Environment(name) | Source::Flag(name) => name.clone(),
        };
        Self { location, message: message.into() }
    }

    /// Of a file's text, of which a key may be to blame.
    pub(crate) fn in_file(position: &Position, key: Option<&str>, message: impl Into<String>) -> Self {
        let Position { file, line, column } = position;
        let key = key.map(|key| format!(": {key}")).unwrap_or_default();
        Self { location: format!("{file}:{line}:{column}{key}"), message: message.into() }
    }

    /// Of a file as a whole, or of several values together.
    pub(crate) fn with(what: impl Into<String>, message: impl Into<String>) -> Self {
        Self { location: what.into(), message: message.into() }
    }
}

/// All that is wrong with a configuration; at least one thing.
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
