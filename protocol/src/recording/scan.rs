//! How far a recording goes that a process left when it was killed.

use crate::wire::parse::{RecordedEvent, RecordedLine, RecordingHeader, recorded_line};

/// Reads a recording line by line, and knows where it can be gone on with.
#[derive(Debug, Default)]
pub struct RecordingScan {
    header: Option<RecordingHeader>,
    /// Bytes of all lines so far.
    read: u64,
    kept: Kept,
    snapshot: bool,
    is_broken: bool,
    has_ended: bool,
}

/// The newest point at which nothing is half.
#[derive(Debug, Default, Clone, Copy)]
struct Kept {
    bytes: u64,
    seq: Option<u64>,
    t: u64,
}

impl RecordingScan {
    /// A scan before the first line.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next line, with the newline at its end if it has one. A line that can't be read,
    /// and all after it, count as absent.
    pub fn line(&mut self, line: &str) {
        let parsed = line.strip_suffix('\n').and_then(recorded_line);
        if self.is_broken || self.has_ended {
            return;
        }
        self.read += line.len() as u64;
        match parsed {
            Some(RecordedLine::Header(header)) if self.header.is_none() => {
                self.header = Some(header);
                self.kept.bytes = self.read;
            }
            Some(RecordedLine::At { t, event }) if self.header.is_some() => self.event(t, &event),
            Some(_) | None => self.is_broken = true,
        }
    }

    fn event(&mut self, t: u64, event: &RecordedEvent) {
        let seq = match event {
            RecordedEvent::Gap | RecordedEvent::Snapshot(_) => {
                self.snapshot = true;
                return;
            }
            RecordedEvent::Synced(seq) => {
                self.snapshot = false;
                Some(*seq)
            }
            RecordedEvent::End(_) => {
                self.has_ended = true;
                None
            }
            RecordedEvent::Message(message) => message.seq(),
            RecordedEvent::Unknown(seq) => *seq,
        };
        if !self.snapshot {
            let seq = seq.or(self.kept.seq);
            self.kept = Kept { bytes: self.read, seq, t };
        }
    }

    /// The first line. None if there is none that can be read.
    #[must_use]
    pub fn header(&self) -> Option<&RecordingHeader> {
        self.header.as_ref()
    }

    /// Whether its last line says why it ended. Nothing may come after it.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// How many bytes it has without what is half: a torn line, a snapshot without its end.
    #[must_use]
    pub fn whole_bytes(&self) -> u64 {
        self.kept.bytes
    }

    /// The seq up to which it has everything. None if it has nothing yet.
    #[must_use]
    pub fn seq(&self) -> Option<u64> {
        self.kept.seq
    }

    /// The moment of its last line, in milliseconds since its start.
    #[must_use]
    pub fn t(&self) -> u64 {
        self.kept.t
    }
}
