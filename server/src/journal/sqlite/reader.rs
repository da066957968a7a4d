//! Looks into a store from outside of the server: which rooms are in it, and what is in a room.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rtbroadcaster_protocol::{Action, Limits, Record, Records, Restart, Room, RoomId, Timestamp};
use rusqlite::Connection;
use serde::Serialize;
use serde_json::value::RawValue;

use super::error::StoreError;
use super::file::database;
use super::file::life::Life;
use super::file::lock::DirectoryLock;
use super::file::row;
use super::file::scan::{Scan, Scanned};

/// Reads a store, also while a server has it. It sees the store as it was when it was first asked.
#[derive(Debug)]
pub struct StoreReader {
    connection: Connection,
    path: PathBuf,
}

/// An open room in a store. Neither its messages nor its owner key are in here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StoredRoom {
    /// Its uuid.
    pub id: String,
    /// Since when its owner is away, in milliseconds since 1970. None if it was connected when the
    /// server last wrote.
    pub owner_away_since_ms: Option<u64>,
    /// The number of its newest action.
    pub seq: u64,
    /// The number of its newest claim.
    pub epoch: u64,
    /// How many state messages it retains.
    pub slots: usize,
    /// Bytes of these.
    pub slot_bytes: usize,
    /// Bytes of its records.
    pub bytes: u64,
    /// When the newest of them was written, in milliseconds since 1970.
    pub changed_ms: u64,
}

/// Why a room could not be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The store can't be read, or has no such room.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lines can't be written.
    #[error("the lines can't be written: {0}")]
    Output(#[from] io::Error),
}

/// A line of an export.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum Line<'a> {
    Room(&'a StoredRoom),
    /// A state message that the room retains.
    Slot(ActionLine<'a>),
    /// An action.
    Action(ActionLine<'a>),
    /// The clearing of a slot.
    Clear {
        seq: u64,
        slot: &'a str,
        #[serde(flatten)]
        actor: Actor<'a>,
    },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ActionLine<'a> {
    seq: u64,
    func_key: &'a str,
    func_params: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
    #[serde(flatten)]
    actor: Actor<'a>,
}

/// Who acted.
#[derive(Debug, Default, Serialize)]
struct Actor<'a> {
    /// The session, if that wasn't the owner's.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    /// The action's number within the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
}

impl StoreReader {
    /// Opens the store in a directory.
    ///
    /// # Errors
    /// If there is none, or it can't be read.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let path = database::path_in(directory);
        let connection = database::open_to_read(&path)?;
        // Everything is read at one moment.
        connection.execute_batch("BEGIN").map_err(|error| StoreError::of_sqlite(&path, &error))?;
        Ok(Self { connection, path })
    }

    /// The open rooms, in the order of their ids.
    ///
    /// # Errors
    /// If the store can't be read or is damaged.
    pub fn rooms(&self) -> Result<Vec<StoredRoom>, StoreError> {
        let mut rooms: Vec<_> = self.scan(None)?.into_iter().map(|(room, _)| room).collect();
        rooms.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        Ok(rooms)
    }

    /// Writes all that the store has of an open room as lines of JSON: the room, the state messages
    /// that it retains in the order of their seqs, and its newest actions. `docs/operating.md` says
    /// what is in a line.
    ///
    /// # Errors
    /// If the store has no such room, can't be read or is damaged, or if the lines can't be
    /// written.
    pub fn export(&self, room: &str, out: &mut impl Write) -> Result<(), ExportError> {
        let id = room_id(&self.path, room)?;
        let (stored, restored) = self.scan(Some(id))?.pop().ok_or_else(|| self.unknown(room))?;
        write_line(out, &Line::Room(&stored))?;
        for (seq, action) in restored.checkpoint(0).slots {
            write_line(out, &Line::Slot(self.action_line(seq, action, Actor::default())?))?;
        }
        row::each(&self.connection, &self.path, Some(id), |row| {
            // The scan has read them before.
            for record in Records::new(row.bytes).filter_map(Result::ok) {
                match record {
                    Record::Acted { by: session, id, seq, action } => {
                        let line = self.action_line(seq, action, Actor { session, id })?;
                        write_line(out, &Line::Action(line))?;
                    }
                    Record::Cleared { by: session, id, seq, slot } => {
                        write_line(out, &Line::Clear { seq, slot, actor: Actor { session, id } })?;
                    }
                    _ => {}
                }
            }
            Ok(())
        })
    }

    /// All open rooms, or one. Of their actions only the state is kept in memory.
    fn scan(&self, only: Option<RoomId>) -> Result<Vec<(StoredRoom, Room)>, StoreError> {
        let limits = Limits::default().with(|limits| {
            limits.ring_actions = 1;
            limits.ring_bytes = 1;
        });
        let restart = Restart { clock_start_ms: 0, now: Timestamp(0), ended_ms: 0, down_ms: 0 };
        let mut scan = Scan::new(&self.path, &limits);
        row::each(&self.connection, &self.path, only, |row| scan.take(row).map(drop))?;
        let mut rooms = Vec::new();
        for scanned in scan.into_rooms() {
            let Scanned { bytes, written_ms, .. } = scanned;
            let owner_away_since_ms = scanned.restorer.away_since_ms();
            let Some(room) = scanned.finish(&self.path, restart)? else { continue };
            let report = room.report();
            let stored = StoredRoom {
                id: room.uuid().to_owned(),
                owner_away_since_ms,
                seq: report.seq,
                epoch: report.epoch,
                slots: report.slots,
                slot_bytes: report.slot_bytes,
                bytes,
                changed_ms: written_ms,
            };
            rooms.push((stored, room));
        }
        Ok(rooms)
    }

    fn action_line<'a>(
        &self,
        seq: u64,
        Action { key, params, slot, at }: Action<&'a str>,
        actor: Actor<'a>,
    ) -> Result<ActionLine<'a>, StoreError> {
        let no_json = |_| StoreError::Damaged {
            path: self.path.clone(),
            reason: format!("the params of action {seq} are no JSON"),
        };
        let func_params = serde_json::from_str(params).map_err(no_json)?;
        Ok(ActionLine { seq, func_key: key, func_params, slot, at, actor })
    }

    fn unknown(&self, room: &str) -> StoreError {
        StoreError::UnknownRoom { path: self.path.clone(), room: room.to_owned() }
    }
}

/// Deletes a room from the store in a directory, whatever state its rows are in. No server may have
/// the store.
///
/// # Errors
/// If a server has the store, or it can't be written, or there is no such room.
pub fn forget_room(directory: &Path, room: &str) -> Result<(), StoreError> {
    let path = database::path_in(directory);
    if !path.exists() {
        return Err(StoreError::Missing { path });
    }
    let id = room_id(&path, room)?;
    let _lock = DirectoryLock::take(directory)?;
    let connection = database::open(&path)?;
    let life = Life::read(&connection, &path)?;
    let delete = || {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let rows = connection.execute("DELETE FROM record WHERE room = ?1", [id.to_bytes()])?;
        if let Some(mut life) = life {
            // Its last row may be another one now.
            life.write(&connection)?;
        }
        connection.execute_batch("COMMIT")?;
        Ok(rows)
    };
    match delete().map_err(|error| StoreError::of_sqlite(&path, &error))? {
        0 => Err(StoreError::UnknownRoom { path: path.clone(), room: room.to_owned() }),
        _ => Ok(()),
    }
}

fn room_id(path: &Path, room: &str) -> Result<RoomId, StoreError> {
    let unknown = || StoreError::UnknownRoom { path: path.to_owned(), room: room.to_owned() };
    RoomId::parse(room).ok_or_else(unknown)
}

fn write_line(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
