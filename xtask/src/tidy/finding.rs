//! What a check found: where it is, what is wrong, and what to do.

use std::fmt;

/// The checks that report findings of their own, and whose rules an exception may lift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// The width of prose.
    Width,
    /// The lines of a file.
    Length,
    /// The files of a folder.
    Folder,
    /// The modules of a circle.
    Circle,
    /// A forbidden import.
    Layer,
    /// The words.
    Spelling,
    /// The exceptions themselves; nothing excepts from this one.
    Exceptions,
}

/// One thing to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) check: Check,
    /// The file or folder, relative to the root of the checkout.
    pub(crate) path: String,
    /// From 1; `None` where the finding is about the whole file or folder.
    pub(crate) line: Option<usize>,
    /// The number that is above its limit, for the checks that count something.
    pub(crate) size: usize,
    /// What is wrong and what to do.
    pub(crate) text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "{}:{line}: {}", self.path, self.text),
            None => write!(formatter, "{}: {}", self.path, self.text),
        }
    }
}
