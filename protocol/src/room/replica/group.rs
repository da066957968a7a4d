//! Groups of records that take several entries of a log, on their way out and in.

use std::borrow::Cow;

use super::entry::LogEntry;
use crate::Mark;

/// A group that is being proposed.
#[derive(Debug)]
pub(super) struct Outgoing {
    records: Vec<u8>,
    /// Where the part begins that was proposed last.
    from: usize,
    /// Where it ends.
    to: usize,
    pub(super) mark: Mark,
    pub(super) has_checkpoint: bool,
    /// The oldest seq in the ring at its end.
    pub(super) oldest_seq: u64,
    /// The number of the entry with that part.
    pub(super) number: u64,
    /// The server that it names as the owner's.
    pub(super) holder: u64,
    /// The position of its first entry. None before that is kept.
    pub(super) start: Option<u64>,
}

impl Outgoing {
    pub(super) fn new(records: Vec<u8>, mark: Mark, has_checkpoint: bool, oldest_seq: u64) -> Self {
        let (from, to, number, holder, start) = (0, 0, 0, 0, None);
        Self { records, from, to, mark, has_checkpoint, oldest_seq, number, holder, start }
    }

    /// Goes on to the next part, of at most this many bytes.
    pub(super) fn next_part(&mut self, max_bytes: usize, number: u64, holder: u64) {
        (self.number, self.holder) = (number, holder);
        self.from = self.to;
        self.to = self.records.len().min(self.from + max_bytes);
    }

    /// Whether the part is the last one.
    pub(super) fn is_last_part(&self) -> bool {
        self.to == self.records.len()
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// The entry with the part.
    pub(super) fn entry(&self, writer: u64, previous: u64) -> LogEntry<'_> {
        LogEntry {
            writer,
            number: self.number,
            previous,
            holder: self.holder,
            goes_on: !self.is_last_part(),
            continues: self.from > 0,
            records: &self.records[self.from..self.to],
        }
    }
}

/// The first entries of a group whose last one has not come yet.
#[derive(Debug)]
pub(crate) struct Incomplete {
    writer: u64,
    /// The position of the first of them.
    start: u64,
    records: Vec<u8>,
}

/// A group that is complete.
#[derive(Debug)]
pub(super) struct Complete<'a> {
    /// The position of its first entry.
    pub(super) start: u64,
    pub(super) records: Cow<'a, [u8]>,
}

impl Incomplete {
    /// Adds the entry at this position to what there is. Returns the group that is complete with
    /// it.
    pub(super) fn add<'a>(
        incomplete: &mut Option<Self>,
        position: u64,
        entry: &LogEntry<'a>,
    ) -> Option<Complete<'a>> {
        let begun = incomplete.take();
        let group = match begun.filter(|begun| entry.continues && begun.writer == entry.writer) {
            Some(mut begun) => {
                begun.records.extend_from_slice(entry.records);
                Complete { start: begun.start, records: Cow::Owned(begun.records) }
            }
            // Its beginning was deleted.
            None if entry.continues => return None,
            None => Complete { start: position, records: Cow::Borrowed(entry.records) },
        };
        if entry.goes_on {
            let (start, records) = (group.start, group.records.into_owned());
            *incomplete = Some(Self { writer: entry.writer, start, records });
            return None;
        }
        Some(group)
    }
}
