//! The disk: what of a recording is written, and what is only on its way.

use rtbroadcaster_protocol::{Recorder, RecordingScan, Room};

/// One recording.
#[derive(Debug)]
pub(super) struct Reel {
    /// What is written.
    pub(super) file: String,
    /// What the recorder has made and is not written.
    pub(super) lines: String,
    /// None once it has ended, or while its process is dead.
    pub(super) recorder: Option<Recorder>,
    /// By the server's clock.
    pub(super) started: u64,
    /// The seqs of the entries between which it records.
    pub(super) on: u64,
    pub(super) off: Option<u64>,
    /// Its process was killed when it was to end, and no other has gone on with it: it has no end.
    pub(super) is_abandoned: bool,
}

impl Reel {
    pub(super) fn write(&mut self, room: &mut Room) {
        let lines = std::mem::take(&mut self.lines);
        self.file.push_str(&lines);
        if let Some(recorder) = &self.recorder {
            recorder.note_written(room);
        }
    }

    /// A part of what was on its way gets to the disk.
    pub(super) fn tear(&mut self, part: u8) {
        let lines = std::mem::take(&mut self.lines);
        let mut end = lines.len() * usize::from(part) / 256;
        while !lines.is_char_boundary(end) {
            end -= 1;
        }
        self.file.push_str(&lines[..end]);
        self.is_abandoned |= self.recorder.take().is_some();
    }

    /// How far it goes, without what is torn, which is cut off.
    pub(super) fn cut(&mut self) -> RecordingScan {
        let mut scan = RecordingScan::new();
        for line in self.file.split_inclusive('\n') {
            scan.line(line);
        }
        if !scan.has_ended() {
            self.file.truncate(usize::try_from(scan.whole_bytes()).expect("it fits into memory"));
        }
        scan
    }
}
