//! What can be wrong with a store. Each error names the file and says what to do.

use std::io;
use std::path::{Path, PathBuf};

use rtbroadcaster_protocol::{RestoreError, RoomId};
use rusqlite::ErrorCode;

/// Why a store can't be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has the directory.
    #[error(
        "{}: {holder} has this store: stop that server first, or give this one another directory",
        path.display()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The process, and the host that it runs on.
        holder: String,
    },
    /// There is no store in the directory.
    #[error("{}: there is no store here: give the directory that the server has as --data", path.display())]
    Missing {
        /// The file that is missing.
        path: PathBuf,
    },
    /// The process may not read or write there.
    #[error(
        "{}: {reason}: let the server's user read and write this directory and the files in it",
        path.display()
    )]
    NoAccess {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// A later version has written the store.
    #[error(
        "{}: a later version of the server wrote this store (schema {found}, this one knows {known}): use that \
         version or a newer one",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The newest one that this version knows.
        known: i64,
    },
    /// The file belongs to something else.
    #[error("{}: this is no store of rooms: give another directory, or move the file away", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged, as SQLite sees it.
    #[error("{}: the file is damaged ({reason}): restore a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// A row isn't what was written.
    #[error(
        "{}: row {row} of room {room} is damaged: restore a backup, or lose this room: rtbroadcaster forget {room} \
         --data {}",
        path.display(),
        directory(path)
    )]
    DamagedRow {
        /// The file.
        path: PathBuf,
        /// The room.
        room: RoomId,
        /// The number of the row.
        row: i64,
    },
    /// The rows of a room make no room.
    #[error(
        "{}: room {room}, row {row}: {reason}. If there is no backup, lose this room: rtbroadcaster forget {room} \
         --data {}",
        path.display(),
        directory(path)
    )]
    IncompleteRoom {
        /// The file.
        path: PathBuf,
        /// The room.
        room: RoomId,
        /// The number of the row at which this showed.
        row: i64,
        /// What is wrong.
        reason: RestoreError,
    },
    /// The store has no such room.
    #[error("{}: there is no room {room} in this store: rtbroadcaster rooms lists them", path.display())]
    UnknownRoom {
        /// The file.
        path: PathBuf,
        /// The room that was asked for.
        room: String,
    },
    /// There are more rooms in the store than there may be.
    #[error("{stored} rooms are stored, and there may be only {limit}: raise --rooms (limits.rooms)")]
    TooManyRooms {
        /// Rooms that are stored.
        stored: usize,
        /// Rooms that may be open.
        limit: usize,
    },
    /// Rooms are to be stored and to be opened anew.
    #[error(
        "stored rooms are there again by themselves, and closed ones must not be: leave out the store or \
         AccessSettings::reopen_secret (access.reopen-secret)"
    )]
    ReopenSecret,
    /// A thread that writes, or the one that restores rooms, can't be started.
    #[error("the store's thread can't be started ({0}): let the server's user have more processes")]
    NoThread(String),
    /// There is no space on the disk.
    #[error(
        "{}: the disk is full: free some space and start the server again; nothing that was acknowledged is lost",
        path.display()
    )]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// Another program keeps the file locked.
    #[error(
        "{}: another program has this file locked for too long: end its transaction, and start the server again",
        path.display()
    )]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The operating system, or SQLite, failed otherwise.
    #[error("{}: {reason}: see what the system's log says of this disk, and start the server again", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was said.
        reason: String,
    },
}

impl StoreError {
    /// What SQLite said of this file.
    pub(super) fn of_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let (path, reason) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull { path },
            Some(ErrorCode::NotADatabase) => Self::NotAStore { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, reason },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::NoAccess { path, reason }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            _ => Self::Io { path, reason },
        }
    }

    /// What the operating system said of this file or directory.
    pub(super) fn of_io(path: &Path, error: &io::Error) -> Self {
        let (path, reason) = (path.to_owned(), error.to_string());
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::AlreadyExists => Self::NoAccess { path, reason },
            _ => Self::Io { path, reason },
        }
    }
}

/// The directory of a store, as it is given to commands.
fn directory(file: &Path) -> String {
    file.parent().unwrap_or(file).display().to_string()
}
