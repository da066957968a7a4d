//! One entry of a room's shared log: a head of fixed length, and records behind it.

use crate::RecordError;

/// The first byte of every entry. A change of the bytes below needs another one.
const FORMAT: u8 = 1;

/// Bytes before the records.
pub(super) const HEAD_BYTES: usize = 34;

const GOES_ON: u8 = 1;
const CONTINUES: u8 = 2;

/// One entry of the log that several servers keep together for a room. The log gives each entry a
/// position; positions only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEntry<'a> {
    /// The server that has written it: a number that no other process has.
    pub writer: u64,
    /// Counts what this server has written. An entry that is sent twice has the same number.
    pub number: u64,
    /// The position of the entry before this one, 0 before the first. The log takes an entry only
    /// if that is its last.
    pub previous: u64,
    /// The server that has the owner's connection. 0 if the owner is away.
    pub holder: u64,
    /// The records end within a later entry of the same writer. If another writer's comes first,
    /// all entries of this group count for nothing.
    pub goes_on: bool,
    /// The records began in an earlier entry.
    pub continues: bool,
    /// Encoded records, or a part of them.
    pub records: &'a [u8],
}

impl<'a> LogEntry<'a> {
    /// The entry's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD_BYTES + self.records.len());
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        out.extend_from_slice(&[FORMAT, flag(self.goes_on, GOES_ON) | flag(self.continues, CONTINUES)]);
        for number in [self.writer, self.number, self.previous, self.holder] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(self.records);
        out
    }

    /// Reads an entry. Its records are not looked at.
    ///
    /// # Errors
    /// If no version has written these bytes, or a later one has.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let (head, records) = bytes.split_first_chunk::<HEAD_BYTES>().ok_or(RecordError::Damaged)?;
        let (format, flags) = (head[0], head[1]);
        if format != FORMAT || flags > (GOES_ON | CONTINUES) {
            return Err(if format > FORMAT { RecordError::Newer } else { RecordError::Damaged });
        }
        let number = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&head[at..at + 8]);
            u64::from_be_bytes(bytes)
        };
        Ok(Self {
            writer: number(2),
            number: number(10),
            previous: number(18),
            holder: number(26),
            goes_on: flags & GOES_ON != 0,
            continues: flags & CONTINUES != 0,
            records,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_entry_is_read_as_it_was_written(
            numbers in any::<[u64; 4]>(),
            goes_on: bool,
            continues: bool,
            records: Vec<u8>,
        ) {
            let [writer, number, previous, holder] = numbers;
            let entry =
                LogEntry { writer, number, previous, holder, goes_on, continues, records: &records };
            let bytes = entry.encode();
            prop_assert_eq!(LogEntry::decode(&bytes), Ok(entry));
        }

        #[test]
        fn no_bytes_make_reading_panic(bytes: Vec<u8>) {
            let _ = LogEntry::decode(&bytes);
        }
    }

    #[test]
    fn an_entry_of_a_later_version_says_so() {
        let mut bytes = LogEntry::decode(&[1; HEAD_BYTES]).unwrap().encode();
        bytes[0] = 2;
        assert_eq!(LogEntry::decode(&bytes), Err(RecordError::Newer));
        assert_eq!(LogEntry::decode(&bytes[1..]), Err(RecordError::Damaged));
    }
}
