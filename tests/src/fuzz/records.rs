//! A journal's bytes, as they may be after damage.

use rtbroadcaster_protocol::{Limits, Record, Records, Restart, Room, RoomId, Timestamp};

/// Where the clock starts: later than most moments in records.
const RESTART: Restart =
    Restart { clock_start_ms: 1_700_000_000_000, now: Timestamp(0), ended_ms: 1_700_000_000_000, down_ms: 0 };

/// Reads the bytes as records, and makes a room of them. Records are written as they were read, and
/// a room's checkpoint makes the same room again.
pub fn records(data: &[u8]) {
    for record in Records::new(data).map_while(Result::ok) {
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        let again: Vec<_> = Records::new(&bytes).collect();
        assert_eq!(again, [Ok(record)]);
    }
    let Some(room) = restored(data) else { return };
    let state = state(&room);
    let again = restored(&state).expect("a checkpoint makes a room");
    assert_eq!(self::state(&again), state);
}

fn restored(bytes: &[u8]) -> Option<Room> {
    let limits = Limits::default().with(|limits| limits.ring_actions = 8);
    Room::restore(RoomId::from_random(1), limits, Records::new(bytes), RESTART).ok().flatten()
}

/// The room's checkpoint, as bytes.
fn state(room: &Room) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut checkpoint = room.checkpoint(0);
    checkpoint.owner.away_since_ms = Some(RESTART.clock_start_ms);
    Record::Checkpoint(checkpoint).encode(&mut bytes);
    bytes
}
