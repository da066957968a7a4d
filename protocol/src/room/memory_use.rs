//! How much of the shared memory a room takes, what it gives back when memory is tight, and what it
//! refuses when memory is used up.

use std::sync::Arc;

use super::Room;
use super::log::Log;
use super::memory::{Account, Memory};
use crate::{Action, Refusal, RefusalCode, Rendering};

/// Bytes of an empty room, including what the server's tables take for it.
const ROOM_BYTES: usize = 2 * 1024;
/// Bytes of a state message beside its text: tables, allocations and envelope. They count again in
/// each snapshot.
const SLOT_BYTES: usize = 128;
/// Bytes of a recorded answer. Most are runs of appended actions and take less; a refusal has its
/// text.
const ANSWER_BYTES: usize = 256;

impl Room {
    /// Makes the room share this memory with other rooms.
    pub fn share_memory(&mut self, memory: &Arc<Memory>) {
        self.account = Account::new(Arc::clone(memory));
        self.update_memory_use();
    }

    /// Shrinks the room's rings to their share if memory is tight. Followers that are further
    /// behind are resynced.
    pub fn shrink_rings(&mut self) {
        self.limit_rings();
        for log in [Some(&mut self.compact), self.original.as_mut()].into_iter().flatten() {
            log.trim();
        }
        self.update_memory_use();
    }

    /// Brings the room's part of the shared memory up to date.
    pub(super) fn update_memory_use(&mut self) {
        let renderings = 1 + usize::from(self.original.is_some());
        let rings = self.compact.memory() + self.original.as_ref().map_or(0, Log::memory);
        let state = (self.slots.bytes() + self.slots.len() * SLOT_BYTES) * (1 + renderings);
        // Rendered snapshots count as tracked bytes. As long as there is none, memory is kept for
        // it.
        let state = state.saturating_sub(self.slots.snapshot_bytes());
        let answers = self.owner.answer_count() * ANSWER_BYTES;
        let people = self.roster.bytes() + self.members.bytes() + self.lane_bytes;
        self.account.set(ROOM_BYTES + rings + state + answers + people);
    }

    /// Sets how much the rings may keep when they are trimmed next.
    pub(super) fn limit_rings(&mut self) {
        let memory = self.account.memory();
        let max_bytes = if memory.is_tight() {
            self.limits.ring_bytes.min(memory.ring_share())
        } else {
            self.limits.ring_bytes
        };
        self.compact.set_max_bytes(max_bytes);
        if let Some(log) = &mut self.original {
            log.set_max_bytes(max_bytes);
        }
    }

    /// Whether there is memory to serve a snapshot. Each slow follower keeps the one that it is
    /// being served.
    pub(super) fn has_memory_for_snapshot(&self, rendering: Rendering) -> bool {
        self.account.memory().has_space_to_grow() || self.slots.is_rendered(rendering)
    }

    /// Checks that there is memory for a state message. The last of the memory isn't given to new
    /// slots, so that existing ones can still be written.
    ///
    /// # Errors
    /// `state_too_large`: there is no memory left for it.
    pub(super) fn check_memory_for(&self, slot: &str, action: Action<&str>) -> Result<(), Refusal> {
        let memory = self.account.memory();
        let has_memory = match self.slots.growth(slot, action) {
            None => memory.has_space_for_new(),
            Some(0) => true,
            Some(_) => memory.has_space_to_grow(),
        };
        if has_memory {
            Ok(())
        } else {
            Err(Refusal::with_message(RefusalCode::StateTooLarge, OUT_OF_MEMORY))
        }
    }
}

const OUT_OF_MEMORY: &str = "the server has no memory left for more state: clear slots, or try again later";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Frame, KeyDigest, Limits, RoomId, Timestamp};

    const NOW: Timestamp = Timestamp(1_000);
    const LIMIT: usize = 1_000_000;

    fn room(memory: &Arc<Memory>, number: u128) -> Room {
        let limits = Limits { owner_bytes_per_second: u64::MAX, ..Limits::default() };
        let mut room = Room::new(RoomId::from_random(number), KeyDigest([7; 32]), None, limits);
        room.share_memory(memory);
        room
    }

    fn act(room: &mut Room, bytes: usize, slot: Option<&str>) -> Result<(), String> {
        let params = format!("[\"{}\"]", "x".repeat(bytes));
        room.action(None, Action { key: "f", params: &params, slot, at: None }, NOW)
            .map(drop)
            .map_err(|refusal| refusal.code)
    }

    #[test]
    fn a_dropped_room_takes_nothing() {
        let memory = Arc::new(Memory::new(LIMIT));
        let mut rooms = [room(&memory, 1), room(&memory, 2)];
        for room in &mut rooms {
            act(room, 10_000, None).unwrap();
            act(room, 10_000, Some("s")).unwrap();
        }
        assert!((80_000..100_000).contains(&memory.used()), "{}", memory.used());
        drop(rooms);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn rings_shrink_to_their_share_before_anything_is_refused() {
        let memory = Arc::new(Memory::new(LIMIT));
        let (mut idle, mut busy) = (room(&memory, 1), room(&memory, 2));
        for _ in 0..70 {
            act(&mut idle, 10_000, None).unwrap();
        }
        for _ in 0..200 {
            act(&mut busy, 10_000, None).unwrap();
            assert!(memory.used() < LIMIT, "{}", memory.used());
        }
        assert!(memory.is_tight() && memory.has_space_for_new());
        assert!(
            busy.head() - busy.compact.oldest_cursor() <= 13,
            "each of two rooms keeps an eighth of the memory"
        );
        assert_eq!(idle.compact.oldest_cursor(), 0, "it was not asked to shrink yet");
        idle.shrink_rings();
        assert!(!memory.is_tight());
        assert!(idle.compact.reaches_back_to(69) && !idle.compact.reaches_back_to(10));
        act(&mut busy, 10_000, None).unwrap();
        assert_eq!(act(&mut busy, 10_000, Some("s")), Ok(()));
    }

    #[test]
    fn new_slots_are_refused_first_and_those_that_are_there_can_still_be_written() {
        let memory = Arc::new(Memory::new(LIMIT));
        let mut room = room(&memory, 1);
        let mut slots = 0;
        while act(&mut room, 10_000, Some(&format!("s{slots}"))).is_ok() {
            slots += 1;
        }
        assert_eq!(act(&mut room, 1, Some("new")), Err("state_too_large".to_owned()));
        assert!(slots > 30 && !memory.has_space_for_new(), "{slots}");
        assert_eq!(act(&mut room, 12_000, Some("s0")), Ok(()), "a little is left for existing slots");
        let mut grown = 12_000;
        while act(&mut room, grown, Some("s1")).is_ok() {
            grown += 5_000;
        }
        assert!(memory.used() <= LIMIT + 50_000, "{}", memory.used());
        assert_eq!(act(&mut room, 10_000, Some("s2")), Ok(()), "no larger than before");
        assert_eq!(act(&mut room, 60_000, None), Ok(()), "actions are not kept for long");
        for slot in 0..slots {
            room.clear(None, &format!("s{slot}"), NOW);
        }
        assert_eq!(act(&mut room, 10_000, Some("new")), Ok(()));
    }

    #[test]
    fn a_snapshot_counts_until_the_last_follower_has_been_sent_it() {
        let memory = Arc::new(Memory::new(LIMIT));
        let mut room = room(&memory, 1);
        act(&mut room, 100_000, Some("large")).unwrap();
        room.shrink_rings();
        let before = memory.used();
        let mut slow = Vec::new();
        for joined in 1..=3 {
            act(&mut room, 1, Some("small")).unwrap();
            slow.push(room.join(Rendering::Compact, None).unwrap());
            let used = memory.used() - before;
            let others = (joined - 1) * 100_000;
            assert!((others..others + 10_000).contains(&used), "{used} for {joined}");
        }
        act(&mut room, 1, Some("small")).unwrap();
        slow.clear();
        assert!(memory.used() - before < 10_000, "{}", memory.used() - before);
        drop(room);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn without_memory_no_follower_joins_that_needs_a_snapshot_and_one_in_the_room_waits_for_it() {
        let memory = Arc::new(Memory::new(LIMIT));
        let mut room = room(&memory, 1);
        let mut behind = room.join(Rendering::Compact, None).unwrap();
        let mut frame = Frame::default();
        room.serve(&mut behind, &mut frame);
        act(&mut room, 100_000, Some("large")).unwrap();
        let mut slow = Vec::new();
        while let Ok(cursor) = room.join(Rendering::Compact, None) {
            slow.push(cursor);
            act(&mut room, 1, Some("small")).unwrap();
        }
        assert!((5..10).contains(&slow.len()), "{}", slow.len());
        let head = room.head();
        assert!(room.join(Rendering::Compact, Some(head)).is_ok(), "this one needs none");
        for _ in 0..100 {
            act(&mut room, 10_000, None).unwrap();
        }
        room.serve(&mut behind, &mut frame);
        assert!(frame.is_empty() && behind.seq() == 0, "it has fallen off the ring");
        drop(slow);
        room.serve(&mut behind, &mut frame);
        assert!(!frame.is_empty());
        assert!(room.join(Rendering::Compact, None).is_ok());
    }
}
