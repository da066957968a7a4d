//! One row of a store: what one room has staged within one group.

use std::path::Path;

use rtbroadcaster_protocol::RoomId;
use rusqlite::{Connection, Statement, params};

use super::super::error::StoreError;

/// The statement that adds a row.
pub(crate) const INSERT: &str = "INSERT INTO record \
                                 (n, room, previous, last_seq, written_ms, checksum, bytes) \
                                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// A row, as it is written and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    /// Its place among all rows.
    pub(crate) n: i64,
    pub(crate) room: RoomId,
    /// The place of the room's row before this one; 0 if there is none. So a row that is missing is
    /// noticed.
    pub(crate) previous: i64,
    /// The seq of the newest action in this row and those before.
    pub(crate) last_seq: u64,
    /// When it was written, in milliseconds since 1970.
    pub(crate) written_ms: u64,
    /// The records, encoded.
    pub(crate) bytes: &'a [u8],
}

/// What is said of a row's records.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contents {
    /// Whether a checkpoint is among them.
    pub(crate) has_checkpoint: bool,
    /// The oldest seq that the room's ring holds; 0 if that isn't known.
    pub(crate) oldest_seq: u64,
    /// Whether the last one is that of the room's end.
    pub(crate) is_end: bool,
}

impl Row<'_> {
    /// The checksum over all of it: neither its bytes nor its place can change unseen. SQLite has
    /// no checksums of its own in the file.
    pub(crate) fn checksum(&self) -> u32 {
        // In one piece, since each update costs as much as dozens of bytes.
        let mut place = [0; 48];
        place[..8].copy_from_slice(&self.n.to_le_bytes());
        place[8..24].copy_from_slice(&self.room.to_bytes());
        place[24..32].copy_from_slice(&self.previous.to_le_bytes());
        place[32..40].copy_from_slice(&self.last_seq.to_le_bytes());
        place[40..].copy_from_slice(&self.written_ms.to_le_bytes());
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&place);
        hasher.update(self.bytes);
        hasher.finalize()
    }

    /// Adds it to the store, by the statement [`INSERT`].
    pub(crate) fn insert(&self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        let values = params![
            self.n,
            self.room.to_bytes(),
            self.previous,
            self.last_seq.cast_signed(),
            self.written_ms.cast_signed(),
            self.checksum(),
            self.bytes,
        ];
        statement.execute(values).map(drop)
    }
}

/// Calls `take` for each row of a store in order, once its checksum is found right: for the rows of
/// all rooms, or of one.
pub(crate) fn each<E: From<StoreError>>(
    connection: &Connection,
    path: &Path,
    room: Option<RoomId>,
    mut take: impl FnMut(&Row<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let failed = |error| StoreError::of_sqlite(path, &error);
    let condition = if room.is_some() { "WHERE room = ?1" } else { "" };
    let sql = format!(
        "SELECT n, room, previous, last_seq, written_ms, checksum, bytes FROM record {condition} ORDER BY n"
    );
    let mut statement = connection.prepare(&sql).map_err(failed)?;
    let rows = statement.query(rusqlite::params_from_iter(room.map(RoomId::to_bytes)));
    let mut rows = rows.map_err(failed)?;
    while let Some(columns) = rows.next().map_err(failed)? {
        let n: i64 = columns.get(0).map_err(failed)?;
        let damaged = |what: &str| StoreError::Damaged {
            path: path.to_owned(),
            reason: format!("row {n} has no {what}"),
        };
        let number = |column: usize| columns.get::<_, i64>(column).map_err(|_| damaged("number"));
        let row = Row {
            n,
            room: RoomId::from_bytes(columns.get(1).map_err(|_| damaged("room"))?),
            previous: number(2)?,
            last_seq: number(3)?.cast_unsigned(),
            written_ms: number(4)?.cast_unsigned(),
            bytes: columns.get_ref(6).map_err(failed)?.as_blob().map_err(|_| damaged("records"))?,
        };
        if i64::from(row.checksum()) != number(5)? {
            return Err(StoreError::DamagedRow { path: path.to_owned(), room: row.room, row: n }.into());
        }
        take(&row)?;
    }
    Ok(())
}
