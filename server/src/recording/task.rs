//! The task that records one room.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::time::Duration;

use rtbroadcaster_protocol::{Recorded, Recorder, RecordingEnd};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tracing::{error, info};

use super::blocking::blocking;
use super::part::{Part, PartId, PartState};
use super::recordings::Recordings;
use crate::shared_room::{Bell, SharedRoom};

/// A write that takes longer ends the recording.
const SLOWEST_WRITE: Duration = Duration::from_secs(1);

/// So many bytes are written at a time, and a frame more.
const WRITE_BYTES: usize = 256 * 1024;

/// Records one room into one file.
pub(super) struct RecorderTask {
    recordings: Arc<Recordings>,
    room: Arc<SharedRoom>,
    recorder: Recorder,
    id: PartId,
    started_ms: u64,
    bell: Arc<Bell>,
    /// The bell rings.
    rings: Arc<Notify>,
    /// Lines that are not written yet.
    lines: String,
    /// The bytes that are.
    written: u64,
}

impl RecorderTask {
    pub(super) fn new(
        recordings: Arc<Recordings>,
        room: Arc<SharedRoom>,
        recorder: Recorder,
        id: PartId,
        started_ms: u64,
    ) -> Self {
        let rings = Arc::new(Notify::new());
        let ring = Arc::clone(&rings);
        let bell = Bell::new(&room, move || ring.notify_one());
        let written = recorder.bytes();
        Self { recordings, room, recorder, id, started_ms, bell, rings, lines: String::new(), written }
    }

    /// Creates the file, and records into it. `lines` come first.
    pub(super) async fn begin(mut self, part: Part, lines: String) {
        (self.written, self.lines) = (0, lines);
        let (files, id) = (self.recordings.files.clone(), self.id);
        let created =
            timeout(SLOWEST_WRITE, blocking(move || files.ok_or(ErrorKind::NotFound)?.create(id, &part)));
        match created.await.map_err(io::Error::from).flatten() {
            Ok(file) => self.go_on(file).await,
            Err(error) => {
                let end = self.failed(&error);
                self.end(end);
            }
        }
    }

    /// Records until the recording ends.
    pub(super) async fn go_on(mut self, file: File) {
        let file = Arc::new(file);
        let end = loop {
            let recorded = self.pull();
            if let Err(error) = self.write(&file).await {
                break self.failed(&error);
            }
            match recorded {
                Recorded::Ended(end) => break end,
                Recorded::More => {}
                // Looks once more for what came before it was armed, or ends.
                Recorded::All if self.bell.arm() || self.recordings.is_full() => {}
                Recorded::All => {
                    tokio::select! {
                        () = self.rings.notified() => {}
                        () = sleep(self.left()) => {}
                    }
                }
            }
        };
        self.end(end);
    }

    /// Takes what the room has.
    fn pull(&mut self) -> Recorded {
        loop {
            if self.recordings.is_full() {
                return self.recorder.end(RecordingEnd::Size, &mut self.lines);
            }
            let (t, recorder, lines) = (self.now(), &mut self.recorder, &mut self.lines);
            let recorded = self.room.with_later_push(|room| recorder.record(room, t, lines));
            match recorded {
                // A bug of ours has ended the room.
                None => return self.recorder.end(RecordingEnd::Closed, &mut self.lines),
                Some(Recorded::More) if self.lines.len() < WRITE_BYTES => {}
                Some(recorded) => return recorded,
            }
        }
    }

    /// Writes what was taken, and says so to the room, whose owner may wait for it.
    async fn write(&mut self, file: &Arc<File>) -> io::Result<()> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let (file, lines) = (Arc::clone(file), std::mem::take(&mut self.lines));
        let bytes = lines.len() as u64;
        let written = timeout(SLOWEST_WRITE, blocking(move || (&*file).write_all(lines.as_bytes())));
        written.await??;
        self.written += bytes;
        self.recordings.note_written(bytes);
        self.recordings.index().grow(self.id, self.written, self.now());
        let recorder = &self.recorder;
        self.room.with(|room| recorder.note_written(room));
        self.room.serve();
        self.room.wake_waiting();
        Ok(())
    }

    fn failed(&self, error: &io::Error) -> RecordingEnd {
        error!(room = %self.id.room, part = self.id.part, %error, "the disk has ended a recording");
        RecordingEnd::Disk
    }

    /// Notes that the recording has ended, for all who ask or wait for it.
    fn end(&self, end: RecordingEnd) {
        info!(room = %self.id.room, part = self.id.part, why = end.name(), "recording ended");
        self.recordings.metrics.recording_ended(end);
        self.recordings.index().set_state(self.id, PartState::Ended(end.name().to_owned()));
        self.room.with(|room| self.recorder.note_ended(room, end));
        self.room.serve();
        self.room.wake_waiting();
    }

    /// How long the recording may still last.
    fn left(&self) -> Duration {
        Duration::from_millis(self.recordings.settings.milliseconds.saturating_sub(self.now()))
    }

    /// Milliseconds since the start.
    fn now(&self) -> u64 {
        let clock = self.recordings.clock;
        clock.time_ms(clock.now()).saturating_sub(self.started_ms)
    }
}

impl Drop for RecorderTask {
    fn drop(&mut self) {
        self.bell.disarm();
        // After a panic the owner would wait for ever. A program that ends is no end of a
        // recording.
        if std::thread::panicking() {
            self.end(RecordingEnd::Disk);
        }
    }
}
