//! Which recordings there are, and what may be done with them.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use rtbroadcaster_protocol::{RecorderLimits, Refusal, RefusalCode, RoomId};
use tracing::error;

use super::blocking::blocking;
use super::files::{Cut, Files, Found};
use super::index::Index;
use super::part::{Part, PartId};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::settings::RecordingSettings;

/// A snapshot comes anew so often, in milliseconds or bytes, if anything has changed. A player that
/// jumps reads on from one.
const SNAPSHOT_MS: u64 = 60_000;
const SNAPSHOT_BYTES: u64 = 256 * 1024;

/// All recordings of a server.
#[derive(Debug)]
pub(crate) struct Recordings {
    pub(super) settings: RecordingSettings,
    /// None if nothing is recorded, or if the folder can't be used.
    pub(super) files: Option<Files>,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Metrics>,
    index: Mutex<Index>,
    /// The rooms are those of a cluster, whose nodes don't record.
    is_in_cluster: AtomicBool,
    pub(super) upkeep: Once,
    /// Those whose process was killed, until it is known whether their rooms go on.
    pub(super) cut: Mutex<Vec<Cut>>,
}

impl Recordings {
    /// Finds the recordings of former processes. Blocks meanwhile.
    pub(crate) fn open(settings: &RecordingSettings, clock: Clock, metrics: Arc<Metrics>) -> Self {
        let (mut index, mut cut) = (Index::default(), Vec::new());
        let files = settings.folder.as_deref().and_then(|folder| {
            let opened = Files::open(folder).and_then(|files| files.find().map(|found| (files, found)));
            match opened {
                Ok((files, found)) => {
                    for Found { id, part, scan } in found {
                        index.insert(id, part);
                        cut.extend(scan.map(|scan| Cut { id, scan }));
                    }
                    Some(files)
                }
                Err(error) => {
                    error!(folder = %folder.display(), %error, "nothing is recorded: the folder can't be used");
                    None
                }
            }
        });
        Self {
            settings: settings.clone(),
            files,
            clock,
            metrics,
            index: Mutex::new(index),
            is_in_cluster: AtomicBool::new(false),
            upkeep: Once::new(),
            cut: Mutex::new(cut),
        }
    }

    /// Whether a recording may begin now.
    ///
    /// # Errors
    /// - `forbidden`: this server records nothing.
    /// - `state_too_large`: there are as many bytes of recordings as there may be.
    pub(crate) fn may_begin(&self) -> Result<(), Refusal> {
        if self.is_in_cluster.load(Ordering::Relaxed) {
            let message = "the servers of a cluster do not record rooms yet";
            return Err(Refusal::with_message(RefusalCode::Forbidden, message));
        }
        if self.files.is_none() {
            let message = "this server records no rooms: start it with --recordings DIR, and see its log if it \
                           has that";
            return Err(Refusal::with_message(RefusalCode::Forbidden, message));
        }
        if self.is_full() {
            let message = format!(
                "the server has {} bytes of recordings, as many as it may (--recordings-bytes): delete some first",
                self.settings.total_bytes
            );
            return Err(Refusal::with_message(RefusalCode::StateTooLarge, message));
        }
        Ok(())
    }

    /// Has nothing recorded from now on.
    #[cfg(feature = "cluster")]
    pub(crate) fn join_cluster(&self) {
        self.is_in_cluster.store(true, Ordering::Relaxed);
    }

    /// The recordings of a room, oldest first, with their numbers.
    pub(crate) fn of_room(&self, room: RoomId) -> Vec<(u64, Part)> {
        self.index().of_room(room).map(|(number, part)| (number, part.clone())).collect()
    }

    /// Opens a recording to read it: as far as it goes now.
    pub(crate) async fn read(&self, id: PartId) -> io::Result<File> {
        let files = self.files.clone().ok_or(io::ErrorKind::NotFound)?;
        blocking(move || files.open_part(id)).await
    }

    /// Deletes a recording that has ended.
    pub(crate) async fn delete(&self, id: PartId) -> io::Result<()> {
        let files = self.files.clone().ok_or(io::ErrorKind::NotFound)?;
        blocking(move || files.delete(id)).await?;
        self.index().remove(id);
        Ok(())
    }

    /// How many there are, and how many bytes they have.
    pub(crate) fn totals(&self) -> (usize, u64) {
        let index = self.index();
        (index.len(), index.bytes())
    }

    pub(super) fn is_full(&self) -> bool {
        self.index().counted() >= self.settings.total_bytes
    }

    pub(super) fn limits(&self) -> RecorderLimits {
        RecorderLimits {
            bytes: self.settings.bytes,
            milliseconds: self.settings.milliseconds,
            snapshot_ms: SNAPSHOT_MS,
            snapshot_bytes: SNAPSHOT_BYTES,
        }
    }

    pub(super) fn note_written(&self, bytes: u64) {
        self.metrics.recorded(bytes);
    }

    pub(super) fn index(&self) -> MutexGuard<'_, Index> {
        // It is consistent at every point where a panic could happen.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
