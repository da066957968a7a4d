//! Rows that go from one thread to another together: one by one, that would cost more than reading
//! them.

use super::row::Row;

/// A batch takes no more rows once their records have so many bytes.
const FULL_BYTES: usize = 256 * 1024;

/// A batch takes no more rows than this.
const FULL_ROWS: usize = 4_096;

/// Some rows of a store, in order.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The rows without their records, and where in `bytes` those end.
    rows: Vec<(Row<'static>, usize)>,
    /// The records of all rows, one after the other.
    bytes: Vec<u8>,
}

impl Batch {
    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL_BYTES || self.rows.len() >= FULL_ROWS
    }

    /// Adds a copy of a row.
    pub(crate) fn push(&mut self, row: &Row<'_>) {
        self.bytes.extend_from_slice(row.bytes);
        self.rows.push((Row { bytes: &[], ..*row }, self.bytes.len()));
    }

    /// Drops the rows, and keeps the memory to use it again.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.bytes.clear();
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let mut start = 0;
        self.rows.iter().map(move |(row, end)| {
            let bytes = &self.bytes[std::mem::replace(&mut start, *end)..*end];
            Row { bytes, ..*row }
        })
    }
}

#[cfg(test)]
mod tests {
    use rtbroadcaster_protocol::RoomId;

    use super::*;

    fn row(n: i64, bytes: &[u8]) -> Row<'_> {
        let room = RoomId::from_random(n.cast_unsigned().into());
        Row { n, room, previous: n - 1, last_seq: 7, written_ms: 9, bytes }
    }

    #[test]
    fn rows_come_out_as_they_went_in_also_when_it_is_used_again() {
        let mut batch = Batch::default();
        for bytes in [[&b"one"[..], b"", b"three"], [b"4", b"five", b""]] {
            let rows: Vec<_> = (1..).zip(bytes).map(|(n, bytes)| row(n, bytes)).collect();
            rows.iter().for_each(|row| batch.push(row));
            assert!(batch.rows().eq(rows));
            batch.clear();
            assert_eq!(batch.rows().count(), 0);
        }
    }

    #[test]
    fn it_is_full_at_so_many_bytes_or_rows() {
        let (mut by_bytes, mut by_rows) = (Batch::default(), Batch::default());
        by_bytes.push(&row(1, &vec![b'x'; FULL_BYTES - 1]));
        (1..4_096).for_each(|n| by_rows.push(&row(n, b"")));
        for mut batch in [by_bytes, by_rows] {
            assert!(!batch.is_full());
            batch.push(&row(9, b"x"));
            assert!(batch.is_full());
        }
    }
}
