//! One row of a store: what one room has staged within one group.

use rtbroadcaster_protocol::RoomId;

/// A row, as it is written and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// Its place among all rows.
    pub(super) n: i64,
    pub(super) room: RoomId,
    /// The seq of the newest action in this row and those before.
    pub(super) last_seq: u64,
    /// The records, encoded.
    pub(super) bytes: &'a [u8],
}

impl Row<'_> {
    /// The checksum over all of it: neither its bytes nor its place can change unseen. SQLite has
    /// no checksums of its own in the file.
    pub(super) fn checksum(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&self.n.to_le_bytes());
        hasher.update(&self.room.to_bytes());
        hasher.update(&self.last_seq.to_le_bytes());
        hasher.update(self.bytes);
        hasher.finalize()
    }
}
