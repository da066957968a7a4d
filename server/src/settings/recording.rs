//! The settings of recordings.

use std::path::PathBuf;

/// Where rooms are recorded, and within which bounds. See [`Settings`](crate::Settings).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordingSettings {
    /// The folder of the recordings. It is created if it isn't there; no other process may have it.
    /// Without one, nobody can have a room recorded. Default: none.
    pub folder: Option<PathBuf>,
    /// Bytes of a recording. It ends when it has as many. Default 64 MiB.
    pub bytes: u64,
    /// How long a recording lasts, in milliseconds. It ends then. Default 4 hours.
    pub milliseconds: u64,
    /// Bytes of all recordings together, each as 8 KiB at least. Once they have as many, none
    /// begins, and those that run end. Default 10 GiB.
    pub total_bytes: u64,
    /// For how many days a recording is kept after its last line. Default 30.
    pub keep_days: usize,
}

impl Default for RecordingSettings {
    fn default() -> Self {
        Self {
            folder: None,
            bytes: 64 << 20,
            milliseconds: 4 * 60 * 60 * 1_000,
            total_bytes: 10 << 30,
            keep_days: 30,
        }
    }
}
