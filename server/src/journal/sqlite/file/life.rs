//! What a store knows of the process that has it, and of the one before.

use std::path::Path;
use std::time::{Instant, SystemTime};

use rusqlite::{Connection, OptionalExtension, params};

use super::super::error::StoreError;
use super::super::settings::SyncMode;
use super::machine;

/// One process's time with a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Life {
    /// A random number that stands in the lock's file too.
    pub(crate) number: u64,
    /// The boot of the machine that the process ran in.
    pub(crate) boot: Option<String>,
    pub(crate) sync: SyncMode,
    /// When it ended, as well as it is known.
    pub(crate) ended: Moment,
    /// Whether it ended in order: everything is in the file.
    pub(crate) is_clean: bool,
    /// The number of the last row, when this was written.
    pub(crate) last_row: i64,
}

/// A moment on two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Milliseconds since 1970. Counted on from the start of the process, so that nobody who sets
    /// the clock changes the time between two moments of one life.
    pub(crate) ms: u64,
    /// Milliseconds since the machine was started.
    pub(crate) since_boot_ms: Option<u64>,
}

/// What the process before has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FormerLife {
    /// When it ended, by its own clock, in milliseconds since 1970. After a sudden end at most 5 s
    /// before that.
    pub(crate) ended_ms: u64,
    /// How long there was no process, in milliseconds. 0 if the clock was set back meanwhile.
    pub(crate) down_ms: u64,
    /// Whether seqs may have been handed out that the store doesn't know: the machine lost power
    /// without `--sync disk`, or the file is an older copy. Rooms skip ahead then.
    pub(crate) may_have_lost_seqs: bool,
}

/// The number of the last row of a store.
fn last_row(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(n), 0) FROM record", [], |row| row.get(0))
}

/// The clock of a life.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LifeClock {
    started: Instant,
    started_ms: u64,
}

impl LifeClock {
    pub(crate) fn start() -> Self {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // A clock before 1970 is wrong, so it counts as 1970.
        let started_ms = since_1970.map_or(0, |since| milliseconds(since.as_millis()));
        Self { started: Instant::now(), started_ms }
    }

    pub(crate) fn now(self) -> Moment {
        Moment { ms: self.now_ms(), since_boot_ms: machine::since_boot_ms() }
    }

    /// The present, in milliseconds since 1970.
    pub(crate) fn now_ms(self) -> u64 {
        self.started_ms.saturating_add(milliseconds(self.started.elapsed().as_millis()))
    }
}

fn milliseconds(milliseconds: u128) -> u64 {
    u64::try_from(milliseconds).unwrap_or(u64::MAX)
}

impl Life {
    /// The life that the store knows. None in a new store.
    pub(crate) fn read(connection: &Connection, path: &Path) -> Result<Option<Self>, StoreError> {
        let sql = "SELECT number, boot, sync, ended_ms, ended_since_boot_ms, is_clean, last_row, checksum \
                   FROM life";
        let life = connection.query_row(sql, [], |row| {
            let sync: Option<SyncMode> = row.get::<_, String>(2)?.parse().ok();
            let since_boot_ms: Option<i64> = row.get(4)?;
            let life = sync.map(|sync| {
                Ok::<_, rusqlite::Error>(Self {
                    number: row.get::<_, i64>(0)?.cast_unsigned(),
                    boot: row.get(1)?,
                    sync,
                    ended: Moment {
                        ms: row.get::<_, i64>(3)?.cast_unsigned(),
                        since_boot_ms: since_boot_ms.map(i64::cast_unsigned),
                    },
                    is_clean: row.get(5)?,
                    last_row: row.get(6)?,
                })
            });
            Ok((life.transpose()?, row.get::<_, i64>(7)?))
        });
        let damaged = |what: &str| StoreError::Damaged { path: path.to_owned(), reason: what.to_owned() };
        match life.optional() {
            Ok(Some((Some(life), checksum))) if i64::from(life.checksum()) == checksum => {
                let is_cut = life.is_clean && last_row(connection).ok() != Some(life.last_row);
                if is_cut { Err(damaged("its last rows are missing")) } else { Ok(Some(life)) }
            }
            Ok(Some(_)) => Err(damaged("what it says of the process before is not what was written")),
            Ok(None) => Ok(None),
            Err(error) if error.sqlite_error_code().is_some() => Err(StoreError::of_sqlite(path, &error)),
            // A value of another type.
            Err(error) => Err(damaged(&error.to_string())),
        }
    }

    /// Writes it down, in place of the one before.
    pub(crate) fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.last_row = last_row(connection)?;
        let sql = "INSERT OR REPLACE INTO life \
                   (id, number, boot, sync, ended_ms, ended_since_boot_ms, is_clean, last_row, checksum) \
                   VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let values = params![
            self.number.cast_signed(),
            self.boot,
            self.sync.as_str(),
            self.ended.ms.cast_signed(),
            self.ended.since_boot_ms.map(u64::cast_signed),
            self.is_clean,
            self.last_row,
            self.checksum(),
        ];
        connection.execute(sql, values).map(drop)
    }

    fn checksum(&self) -> u32 {
        // The text of its values: they are few, and of many types.
        crc32fast::hash(format!("{self:?}").as_bytes())
    }

    /// What the next life must know of this one. `locked_life` is what the lock's file says.
    pub(crate) fn seen_from(&self, now: Moment, boot: Option<&str>, locked_life: Option<u64>) -> FormerLife {
        let same_boot = boot.is_some() && self.boot.as_deref() == boot;
        let by_boot = || now.since_boot_ms?.checked_sub(self.ended.since_boot_ms?);
        let down_ms =
            same_boot.then(by_boot).flatten().unwrap_or_else(|| now.ms.saturating_sub(self.ended.ms));
        let lost_power = !self.is_clean && self.sync == SyncMode::Os && !same_boot;
        let is_copy = locked_life != Some(self.number);
        FormerLife { ended_ms: self.ended.ms, down_ms, may_have_lost_seqs: lost_power || is_copy }
    }
}
