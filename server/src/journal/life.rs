//! What a store knows of the process that has it, and of the one before.

use std::time::{Instant, SystemTime};

use rusqlite::{Connection, OptionalExtension, params};

use super::machine;
use super::settings::SyncMode;

/// One process's time with a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Life {
    /// A random number that stands in the lock's file too.
    pub(super) number: u64,
    /// The boot of the machine that the process ran in.
    pub(super) boot: Option<String>,
    pub(super) sync: SyncMode,
    /// When it ended, as well as it is known.
    pub(super) ended: Moment,
    /// Whether it ended in order: everything is in the file.
    pub(super) is_clean: bool,
}

/// A moment on two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Milliseconds since 1970. Counted on from the start of the process, so that nobody who sets
    /// the clock changes the time between two moments of one life.
    pub(super) ms: u64,
    /// Milliseconds since the machine was started.
    pub(super) since_boot_ms: Option<u64>,
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

/// The clock of a life.
#[derive(Debug, Clone, Copy)]
pub(super) struct LifeClock {
    started: Instant,
    started_ms: u64,
}

impl LifeClock {
    pub(super) fn start() -> Self {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // A clock before 1970 is wrong, so it counts as 1970.
        let started_ms = since_1970.map_or(0, |since| milliseconds(since.as_millis()));
        Self { started: Instant::now(), started_ms }
    }

    pub(super) fn now(self) -> Moment {
        let ms = self.started_ms.saturating_add(milliseconds(self.started.elapsed().as_millis()));
        Moment { ms, since_boot_ms: machine::since_boot_ms() }
    }
}

fn milliseconds(milliseconds: u128) -> u64 {
    u64::try_from(milliseconds).unwrap_or(u64::MAX)
}

impl Life {
    /// The life that the store knows. None in a new store.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT number, boot, sync, ended_ms, ended_since_boot_ms, is_clean FROM life";
        let life = connection.query_row(sql, [], |row| {
            let sync: String = row.get(2)?;
            let since_boot_ms: Option<i64> = row.get(4)?;
            Ok(Self {
                number: row.get::<_, i64>(0)?.cast_unsigned(),
                boot: row.get(1)?,
                // What can't be read keeps the weaker promise.
                sync: sync.parse().unwrap_or(SyncMode::Os),
                ended: Moment {
                    ms: row.get::<_, i64>(3)?.cast_unsigned(),
                    since_boot_ms: since_boot_ms.map(i64::cast_unsigned),
                },
                is_clean: row.get(5)?,
            })
        });
        life.optional()
    }

    /// Writes it down, in place of the one before.
    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let sql = "INSERT OR REPLACE INTO life \
                   (id, number, boot, sync, ended_ms, ended_since_boot_ms, is_clean) \
                   VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![
            self.number.cast_signed(),
            self.boot,
            self.sync.as_str(),
            self.ended.ms.cast_signed(),
            self.ended.since_boot_ms.map(u64::cast_signed),
            self.is_clean,
        ];
        connection.execute(sql, values).map(drop)
    }

    /// What the next life must know of this one. `locked_life` is what the lock's file says.
    pub(super) fn seen_from(&self, now: Moment, boot: Option<&str>, locked_life: Option<u64>) -> FormerLife {
        let same_boot = boot.is_some() && self.boot.as_deref() == boot;
        let by_boot = || now.since_boot_ms?.checked_sub(self.ended.since_boot_ms?);
        let down_ms =
            same_boot.then(by_boot).flatten().unwrap_or_else(|| now.ms.saturating_sub(self.ended.ms));
        let lost_power = !self.is_clean && self.sync == SyncMode::Os && !same_boot;
        let is_copy = locked_life != Some(self.number);
        FormerLife { ended_ms: self.ended.ms, down_ms, may_have_lost_seqs: lost_power || is_copy }
    }
}
