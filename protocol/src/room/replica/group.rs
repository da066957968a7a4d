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
    /// The number of the entry with that part.
    pub(super) number: u64,
    /// The server that it names as the owner's.
    pub(super) holder: u64,
    /// The position of its first entry. None before that is kept.
    pub(super) start: Option<u64>,
}

impl Outgoing {
    pub(super) fn new(records: Vec<u8>, mark: Mark, has_checkpoint: bool) -> Self {
        Self { records, from: 0, to: 0, mark, has_checkpoint, number: 0, holder: 0, start: None }
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
    records: Vec<u8>,
}

impl Incomplete {
    /// Adds an entry to what there is. Returns the records of a group that is complete with it.
    pub(super) fn add<'a>(incomplete: &mut Option<Self>, entry: &LogEntry<'a>) -> Option<Cow<'a, [u8]>> {
        let begun = incomplete.take();
        let records = match begun.filter(|begun| entry.continues && begun.writer == entry.writer) {
            Some(mut begun) => {
                begun.records.extend_from_slice(entry.records);
                Cow::Owned(begun.records)
            }
            // Its beginning was deleted.
            None if entry.continues => return None,
            None => Cow::Borrowed(entry.records),
        };
        if entry.goes_on {
            *incomplete = Some(Self { writer: entry.writer, records: records.into_owned() });
            return None;
        }
        Some(records)
    }
}
