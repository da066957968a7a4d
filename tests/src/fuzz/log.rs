//! The bytes of a room's shared log, as they may be after damage.

use rtbroadcaster_protocol::{
    Limits, LogEntry, Received, Record, Replica, ReplicaLoader, Room, RoomId, Timestamp,
};

/// The present. Most moments in records are earlier.
const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// The bytes before each entry: its length.
const LENGTH_BYTES: usize = 2;

/// Reads the bytes as entries, each behind two bytes with its length. Entries are written as they
/// were read. A server that loads some of them and takes the others live has the same room as one
/// that loads all, if both can make a room of them.
pub fn log(data: &[u8]) {
    let entries: Vec<_> = split(data).into_iter().map_while(|bytes| LogEntry::decode(bytes).ok()).collect();
    for entry in &entries {
        let bytes = entry.encode();
        assert_eq!(LogEntry::decode(&bytes), Ok(*entry));
    }
    let Some((all, _)) = loaded(&entries) else { return };
    for count in 1..entries.len() {
        let (first, rest) = entries.split_at(count);
        let Some((mut room, mut replica)) = loaded(first) else { continue };
        let is_taken = rest.iter().zip(count as u64 + 1..).all(|(entry, position)| {
            matches!(replica.receive(&mut room, position, entry, NOW), Received::Taken)
        });
        if is_taken {
            assert_eq!(state(&room), state(&all), "{count} entries were loaded");
        }
    }
}

fn split(mut data: &[u8]) -> Vec<&[u8]> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = data.split_first_chunk::<LENGTH_BYTES>() {
        let (entry, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)).min(rest.len()));
        entries.push(entry);
        data = rest;
    }
    entries
}

/// The room that these entries make, if it is open.
fn loaded(entries: &[LogEntry<'_>]) -> Option<(Room, Replica)> {
    let limits = Limits::default().with(|limits| limits.ring_actions = 8);
    let mut loader = ReplicaLoader::new(RoomId::from_random(1), limits, false);
    for (entry, position) in entries.iter().zip(1..) {
        loader.take(position, entry).ok()?;
    }
    Replica::loaded(u64::MAX, 0, loader.finish(0, NOW).ok()?)
}

/// The room's checkpoint, as bytes, but for the moment since when the owner is away.
fn state(room: &Room) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut checkpoint = room.checkpoint(0);
    checkpoint.owner.away_since_ms = checkpoint.owner.away_since_ms.map(|_| 0);
    Record::Checkpoint(checkpoint).encode(&mut bytes);
    bytes
}
