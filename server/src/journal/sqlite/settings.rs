//! Where rooms are kept, and what it means that something is kept.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a manager keeps its rooms beyond the life of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreSettings {
    /// The directory of the store. It is made if it isn't there. Only one process can have it at a
    /// time.
    pub directory: PathBuf,
    /// What an acknowledgement means. Default: [`SyncMode::Disk`].
    pub sync: SyncMode,
}

impl StoreSettings {
    /// A store in this directory.
    ///
    /// ```
    /// use rtbroadcaster::{StoreSettings, SyncMode};
    ///
    /// let store = StoreSettings::new("/var/lib/rooms").with_sync(SyncMode::Os);
    /// # drop(store);
    /// ```
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), sync: SyncMode::default() }
    }

    /// Sets what an acknowledgement means.
    #[must_use]
    pub fn with_sync(self, sync: SyncMode) -> Self {
        Self { sync, ..self }
    }
}

/// What must have happened to an action before it is served and acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SyncMode {
    /// The operating system has it: it survives the end of the process, however sudden. A loss of
    /// power may cost the last 5 seconds.
    Os,
    /// The disk has it, too: it survives a loss of power.
    #[default]
    Disk,
}

/// A text that is no [`SyncMode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be disk or os")]
pub struct InvalidSyncMode;

impl SyncMode {
    /// The name that a configuration gives it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Os => "os",
            Self::Disk => "disk",
        }
    }
}

impl fmt::Display for SyncMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for SyncMode {
    type Err = InvalidSyncMode;

    fn from_str(text: &str) -> Result<Self, InvalidSyncMode> {
        [Self::Os, Self::Disk].into_iter().find(|mode| mode.as_str() == text).ok_or(InvalidSyncMode)
    }
}
