//! Makes the lines of a recording: a follower whose socket is a text.

use super::lines;
use super::scan::RecordingScan;
use crate::mutation::mutated;
use crate::room::{Cursor, Frame, RecorderStart, Room};
use crate::wire::parse::RecordingHeader;

/// Bytes that are kept free for the last line, and for the first one of a snapshot.
const END_BYTES: u64 = 128;

/// A new snapshot may take this part of what is written: where much is retained, snapshots are
/// further apart.
const BYTES_PER_SNAPSHOT_BYTE: u64 = 4;

/// The start of a message that says that recording has ended, behind its seq.
const STOPPED: &str = r#","clear":"\u0000","recording":{"on":false"#;

/// The bounds of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecorderLimits {
    /// It has at most this many bytes.
    pub bytes: u64,
    /// It lasts at most this many milliseconds.
    pub milliseconds: u64,
    /// A snapshot comes anew after this many milliseconds, if anything has changed.
    pub snapshot_ms: u64,
    /// Or after this many bytes.
    pub snapshot_bytes: u64,
}

/// Why a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingEnd {
    /// The room was closed.
    Closed,
    /// Its owner stopped it.
    Stopped,
    /// It has all the bytes that it may have.
    Size,
    /// It has lasted as long as it may.
    Time,
    /// The disk is full, fails or is too slow.
    Disk,
}

impl RecordingEnd {
    /// Every reason.
    pub const ALL: [Self; 5] = [Self::Closed, Self::Stopped, Self::Size, Self::Time, Self::Disk];

    /// Its name, as the recording and the wire write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Stopped => "stopped",
            Self::Size => "size",
            Self::Time => "time",
            Self::Disk => "disk",
        }
    }
}

/// What a call of [`Recorder::record`] has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// Some lines. There may be more.
    More,
    /// All that there is, now.
    All,
    /// The last line. Nothing comes after it.
    Ended(RecordingEnd),
}

/// Records a room: it is served as a follower is, and writes lines.
///
/// It counts as no follower, and nobody waits for it: once it has fallen off the ring, the
/// recording has a gap.
#[derive(Debug)]
pub struct Recorder {
    limits: RecorderLimits,
    /// Which of its room's recordings it makes.
    run: u64,
    cursor: Cursor,
    /// A snapshot that was taken. It comes next once everything before it was recorded.
    next: Option<Cursor>,
    frame: Frame,
    is_in_snapshot: bool,
    /// What the first snapshot stands for, while its first line still has to be written. None if a
    /// gap comes before it.
    begins: Option<u64>,
    bytes: u64,
    t: u64,
    snapshot: LastSnapshot,
    /// Once its time is over: the seq up to which it still records.
    last: Option<u64>,
    end: Option<RecordingEnd>,
}

#[derive(Debug, Default)]
struct LastSnapshot {
    /// The seq that it stands for.
    seq: u64,
    t: u64,
    /// Where it begins and ends, in bytes of the recording.
    start: u64,
    end: u64,
}

impl Recorder {
    /// Begins to record where the owner has asked for it, and writes the first line.
    #[must_use]
    pub fn new(
        start: RecorderStart,
        header: &RecordingHeader,
        limits: RecorderLimits,
        out: &mut String,
    ) -> Self {
        let before = out.len();
        lines::header(out, header);
        Self {
            limits,
            run: start.run,
            begins: (!start.cursor.is_resync()).then(|| start.cursor.seq()),
            cursor: start.cursor,
            next: None,
            frame: Frame::default(),
            is_in_snapshot: true,
            bytes: (out.len() - before) as u64,
            t: 0,
            snapshot: LastSnapshot::default(),
            last: None,
            end: None,
        }
    }

    /// Goes on with a recording that another process began, behind what is whole of it. If the room
    /// doesn't remember what came after that, or nothing is whole, the recording has a gap. None if
    /// the room isn't recorded.
    #[must_use]
    pub fn resume(room: &mut Room, scan: &RecordingScan, limits: RecorderLimits) -> Option<Self> {
        let run = room.resume_recording()?;
        let since = scan.seq().map(|seq| seq + u64::from(mutated!(RecordOneTooLate)));
        let cursor = match since {
            Some(_) => room.recording_cursor(since),
            None => room.late_recording_cursor(),
        };
        Some(Self {
            limits,
            run,
            is_in_snapshot: cursor.is_catching_up(),
            cursor,
            next: None,
            frame: Frame::default(),
            begins: None,
            bytes: scan.whole_bytes(),
            t: scan.t(),
            snapshot: LastSnapshot {
                start: scan.whole_bytes(),
                end: scan.whole_bytes(),
                t: scan.t(),
                seq: scan.seq().unwrap_or_default(),
            },
            last: None,
            end: None,
        })
    }

    /// Why it has ended. None while it goes on.
    #[must_use]
    pub fn ended(&self) -> Option<RecordingEnd> {
        self.end
    }

    /// Bytes that it has written.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Tells the room that everything is written that was recorded until now. Its owner may wait
    /// for that.
    pub fn note_written(&self, room: &mut Room) {
        if !self.is_in_snapshot && !self.cursor.is_catching_up() {
            room.note_recorded(self.run, self.cursor.seq());
        }
    }

    /// Tells the room that the recording has ended, or can't go on.
    pub fn note_ended(&self, room: &mut Room, why: RecordingEnd) {
        room.note_recording_ended(self.run, why.name());
    }

    /// Adds what the room has for followers at this moment, `t` milliseconds after the start, as
    /// lines. Each call adds one frame at most, so that the room's lock is held for a short time.
    pub fn record(&mut self, room: &mut Room, t: u64, out: &mut String) -> Recorded {
        if let Some(end) = self.end {
            return Recorded::Ended(end);
        }
        let is_late = t >= self.limits.milliseconds;
        if is_late && self.has_what_was_in_time(room) {
            return self.end_in_time(out);
        }
        self.t = self.t.max(t.min(self.limits.milliseconds.saturating_sub(1)));
        self.take_snapshot_if_due(room);
        let next = self.next.as_ref().map(Cursor::seq);
        let until = next.or(self.last).unwrap_or(u64::MAX);
        let mut frame = std::mem::take(&mut self.frame);
        room.serve_until(&mut self.cursor, until, &mut frame);
        let payload = frame.payload();
        let is_empty = payload.is_empty();
        let text = String::from_utf8_lossy(&payload);
        let is_over = !room.is_recorded_by(self.run);
        let recorded = self.write_lines(&text, is_over, out);
        frame.clear();
        self.frame = frame;
        if recorded != Recorded::More {
            return recorded;
        }
        if self.begin_snapshot(out) || !is_empty {
            return Recorded::More;
        }
        match () {
            () if is_late => self.end_in_time(out),
            () if room.has_ended() => self.end(RecordingEnd::Closed, out),
            // The line that says so was missed.
            () if is_over && self.has_all(room) => self.end(RecordingEnd::Stopped, out),
            () => Recorded::All,
        }
    }

    /// Whether it has all that was served when its time was over. What came in time may have waited
    /// for the disk.
    fn has_what_was_in_time(&mut self, room: &Room) -> bool {
        let last = *self.last.get_or_insert_with(|| room.served_seq());
        self.next = None;
        !self.is_in_snapshot && !self.cursor.is_catching_up() && self.cursor.seq() >= last
    }

    fn end_in_time(&mut self, out: &mut String) -> Recorded {
        self.t = self.limits.milliseconds;
        self.end(RecordingEnd::Time, out)
    }

    fn has_all(&self, room: &Room) -> bool {
        !self.cursor.is_catching_up() && self.cursor.seq() >= room.head()
    }

    /// Ends it, and writes the last line.
    pub fn end(&mut self, why: RecordingEnd, out: &mut String) -> Recorded {
        if self.end.is_none() {
            self.end = Some(why);
            self.write(out, |recorder, out| lines::end(out, recorder.t, why.name()));
        }
        Recorded::Ended(why)
    }

    /// Takes a snapshot now, if it is time for one. The lock of the room is held, so it stands for
    /// everything up to the head.
    fn take_snapshot_if_due(&mut self, room: &mut Room) {
        let LastSnapshot { seq, t, start, end } = self.snapshot;
        let bytes = self.limits.snapshot_bytes.max((end - start) * BYTES_PER_SNAPSHOT_BYTE);
        let is_due = self.t >= t + self.limits.snapshot_ms || self.bytes >= end + bytes;
        let is_live = !self.is_in_snapshot && !self.cursor.is_catching_up();
        if is_due && self.last.is_none() && self.next.is_none() && is_live && room.head() > seq {
            self.next = room.snapshot_to_record();
        }
    }

    /// Goes on with the snapshot that was taken, once everything before it is written.
    fn begin_snapshot(&mut self, out: &mut String) -> bool {
        let is_reached =
            |next: &mut Cursor| self.cursor.seq() + u64::from(mutated!(SnapshotTooEarly)) >= next.seq();
        if self.is_in_snapshot || self.cursor.is_catching_up() {
            return false;
        }
        let Some(next) = self.next.take_if(is_reached) else { return false };
        self.cursor = next;
        self.write_snapshot(self.cursor.seq(), out);
        true
    }

    /// Begins a snapshot that stands for everything up to `seq`.
    fn write_snapshot(&mut self, seq: u64, out: &mut String) {
        self.is_in_snapshot = true;
        self.snapshot = LastSnapshot { seq, t: self.t, start: self.bytes, end: self.bytes };
        self.write(out, |recorder, out| lines::snapshot(out, recorder.t, seq));
    }

    fn write_lines(&mut self, text: &str, is_over: bool, out: &mut String) -> Recorded {
        for message in text.split('\n').filter(|message| !message.is_empty()) {
            let before = out.len();
            if let Some(seq) = self.begins.take() {
                self.write_snapshot(seq, out);
            }
            if message.starts_with(r#"{"resync":true"#) {
                // What comes is newer than the snapshot that was taken.
                self.next = None;
                self.write(out, |recorder, out| lines::gap(out, recorder.t));
                if is_over {
                    // The state is one that was made after the recording.
                    return self.end(RecordingEnd::Stopped, out);
                }
                self.write_snapshot(number_in(message), out);
            } else {
                self.write(out, |recorder, out| lines::message(out, recorder.t, message));
            }
            if self.bytes + END_BYTES > self.limits.bytes {
                self.bytes -= (out.len() - before) as u64;
                out.truncate(before);
                return self.end(RecordingEnd::Size, out);
            }
            if self.is_in_snapshot && message.starts_with(r#"{"synced":"#) {
                self.is_in_snapshot = false;
                self.snapshot.end = self.bytes;
            } else if !self.is_in_snapshot && is_stop(message) {
                return self.end(RecordingEnd::Stopped, out);
            }
        }
        Recorded::More
    }

    fn write(&mut self, out: &mut String, write: impl FnOnce(&Self, &mut String)) {
        let before = out.len();
        write(self, out);
        self.bytes += (out.len() - before) as u64;
    }
}

/// The only number in a message.
fn number_in(message: &str) -> u64 {
    let digits: String = message.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_default()
}

/// Whether a message of the log says that recording has ended.
fn is_stop(message: &str) -> bool {
    let behind_seq =
        message.strip_prefix(r#"{"seq":"#).map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    behind_seq.is_some_and(|rest| rest.starts_with(STOPPED))
}
