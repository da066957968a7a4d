//! The SQLite file of a store: how it is opened, and its tables.
//!
//! Rows are only ever added at the end of `record`, so that a commit writes few pages. There is no
//! second index: who holds the rooms in memory knows which rows are whose.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, OpenFlags};

use super::super::error::StoreError;

/// The store's file in its directory.
pub(crate) const FILE: &str = "rooms.sqlite";

/// The version of the tables below.
const SCHEMA_VERSION: i64 = 1;

/// Marks the file as ours, for programs that tell kinds of SQLite files apart.
const APPLICATION: i64 = 0x7274_6272;

/// How long another program may have the file locked before the server gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Up to this size the WAL stays as large as it is, once it is written anew from its start.
const WAL_KEPT_BYTES: u64 = 16 * 1024 * 1024;

const TABLES: &str = "
    CREATE TABLE record (
        n INTEGER PRIMARY KEY,
        room BLOB NOT NULL,
        previous INTEGER NOT NULL,
        last_seq INTEGER NOT NULL,
        written_ms INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        bytes BLOB NOT NULL
    );
    CREATE TABLE life (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        number INTEGER NOT NULL,
        boot TEXT,
        sync TEXT NOT NULL,
        ended_ms INTEGER NOT NULL,
        ended_since_boot_ms INTEGER,
        is_clean INTEGER NOT NULL,
        last_row INTEGER NOT NULL,
        checksum INTEGER NOT NULL
    );
";

/// The path of the store's file.
pub(crate) fn path_in(directory: &Path) -> PathBuf {
    directory.join(FILE)
}

/// Opens the file to write it. Makes it, if it isn't there. What is committed is on the disk.
pub(crate) fn open(path: &Path) -> Result<Connection, StoreError> {
    let failed = |error| StoreError::of_sqlite(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    prepare(&connection).map_err(failed)?;
    if is_empty(&connection).map_err(failed)? {
        create(&connection).map_err(failed)?;
    }
    check_kind(&connection, path)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    Ok(connection)
}

/// Opens the file once more in the process that has it open already.
pub(crate) fn open_second(path: &Path) -> Result<Connection, StoreError> {
    let failed = |error| StoreError::of_sqlite(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    prepare(&connection).map_err(failed)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    Ok(connection)
}

/// Opens the file of a store to read it, also while a server has it.
pub(crate) fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    if !path.exists() {
        return Err(StoreError::Missing { path: path.to_owned() });
    }
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let opened = Connection::open_with_flags(path, flags)
        .and_then(|connection| prepare(&connection).map(|()| connection));
    let connection = opened.map_err(|error| StoreError::of_sqlite(path, &error))?;
    check_kind(&connection, path)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // A file that nobody has vouched for must do nothing but be read.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // After a failed commit nothing more is written, not even when the file is closed.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES.cast_signed())
}

/// Whether nothing was ever written: the file is new, or its creation was cut short.
fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0 && number(connection, "user_version")? == 0 && number(connection, "application_id")? == 0)
}

fn create(connection: &Connection) -> rusqlite::Result<()> {
    // Both must come before the first page is written.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION}; \
         PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
    ))?;
    connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::TRUNCATE).map(drop)
}

fn check_kind(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let number = |pragma| number(connection, pragma).map_err(|error| StoreError::of_sqlite(path, &error));
    if number("application_id")? != APPLICATION {
        return Err(StoreError::NotAStore { path: path.to_owned() });
    }
    let found = number("user_version")?;
    if found > SCHEMA_VERSION {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: SCHEMA_VERSION });
    }
    Ok(())
}

/// The value of a pragma that is a number.
pub(crate) fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}
