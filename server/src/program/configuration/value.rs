//! The value of a setting: how it is given, checked and shown.

use std::ops::RangeInclusive;

use super::Configuration;

/// A value as it was given, before its setting has checked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given {
    /// Text from flags or an environment variable, for any kind of setting.
    Words(Vec<String>),
    /// A number from the file.
    Number(i64),
    /// A string from the file.
    Text(String),
    /// A list of strings from the file.
    List(Vec<String>),
    /// A value from the file that fits no setting, by what TOML calls it.
    Other(&'static str),
}

impl Given {
    /// What it is, for an error message.
    fn kind(&self) -> &'static str {
        match self {
            Self::Words(_) | Self::Text(_) => "a string",
            Self::Number(_) => "a number",
            Self::List(_) => "a list of strings",
            Self::Other(kind) => kind,
        }
    }
}

/// A value as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The setting is not set.
    Nothing,
    Number(u64),
    Text(String),
    List(Vec<String>),
}

/// What is shown instead of this many secrets.
pub(crate) fn hidden(secrets: usize) -> Vec<String> {
    vec!["(hidden)".to_owned(); secrets]
}

/// The field of the configuration that holds the value. The same function reads and writes it, so
/// that the two can't differ.
type Field<T> = fn(&mut Configuration) -> &mut T;

/// The kind of a setting's value.
pub(crate) enum Kind {
    /// A number of things or bytes.
    Count(Field<usize>, RangeInclusive<u64>),
    /// A number of bytes on disks.
    StoredBytes(Field<u64>, RangeInclusive<u64>),
    /// A number of milliseconds.
    Milliseconds(Field<u64>, RangeInclusive<u64>),
    /// A number of times, in the period that the setting's name says.
    Rate(Field<u64>, RangeInclusive<u64>),
    /// A text.
    Text {
        read: fn(&Configuration) -> Option<String>,
        /// An error says what the value must be.
        write: fn(&mut Configuration, &str) -> Result<(), String>,
    },
    /// Several texts.
    List {
        read: fn(&Configuration) -> Vec<String>,
        /// An error says what the value must be.
        write: fn(&mut Configuration, &[String]) -> Result<(), String>,
    },
}

impl Kind {
    /// Sets the value in the configuration.
    ///
    /// # Errors
    /// What the value must be, if it is wrong.
    pub(crate) fn set(&self, configuration: &mut Configuration, given: &Given) -> Result<(), String> {
        match self {
            Self::Count(field, range) => {
                let number = number(given, range)?;
                *field(configuration) = usize::try_from(number).map_err(|_| not_in(range))?;
            }
            Self::StoredBytes(field, range) | Self::Milliseconds(field, range) | Self::Rate(field, range) => {
                *field(configuration) = number(given, range)?;
            }
            Self::Text { write, .. } => match given {
                // If a flag is given twice, the last one counts.
                Given::Words(words) => write(configuration, words.last().map_or("", String::as_str))?,
                Given::Text(text) => write(configuration, text)?,
                other => return Err(format!("must be a string, not {}", other.kind())),
            },
            Self::List { write, .. } => match given {
                Given::Words(words) => {
                    let parts = words.iter().flat_map(|word| word.split(','));
                    let parts = parts.map(str::trim).filter(|part| !part.is_empty());
                    write(configuration, &parts.map(str::to_owned).collect::<Vec<_>>())?;
                }
                Given::List(list) => write(configuration, list)?,
                other => return Err(format!("must be a list of strings, not {}", other.kind())),
            },
        }
        Ok(())
    }

    /// The value in force.
    pub(crate) fn show(&self, configuration: &Configuration) -> Shown {
        match self {
            Self::Count(field, _) => Shown::Number(*field(&mut configuration.clone()) as u64),
            Self::StoredBytes(field, _) | Self::Milliseconds(field, _) | Self::Rate(field, _) => {
                Shown::Number(*field(&mut configuration.clone()))
            }
            Self::Text { read, .. } => read(configuration).map_or(Shown::Nothing, Shown::Text),
            Self::List { read, .. } => Shown::List(read(configuration)),
        }
    }

    /// Whether it is a list, for which a flag may be given several times.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self, Self::List { .. })
    }
}

fn number(given: &Given, range: &RangeInclusive<u64>) -> Result<u64, String> {
    let number = match given {
        Given::Words(words) => words.last().and_then(|word| word.parse().ok()),
        Given::Number(number) => u64::try_from(*number).ok(),
        other => return Err(format!("{}, not {}", not_in(range), other.kind())),
    };
    number.filter(|number| range.contains(number)).ok_or_else(|| not_in(range))
}

fn not_in(range: &RangeInclusive<u64>) -> String {
    format!("must be a whole number from {} to {}", range.start(), range.end())
}
