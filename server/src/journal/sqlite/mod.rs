//! The journal in SQLite: a directory in which rooms outlive the process.
//!
//! What rooms push is committed in groups. A group is what came while the last one was committed,
//! so that a slow disk makes larger groups.

mod counts;
mod error;
mod file;
mod journal;
mod reader;
mod restoring;
mod settings;
mod store;
mod writer;

pub(crate) use counts::StoreCounts;
pub use error::StoreError;
pub use reader::{ExportError, StoreReader, StoredRoom, forget_room};
pub use settings::{InvalidSyncMode, StoreSettings, SyncMode};
pub(crate) use store::Store;

#[cfg(test)]
mod tests;
