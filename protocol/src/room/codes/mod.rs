//! The table of a server's codes: which room each stands for, and which are at rest.

mod code;

use std::collections::{HashMap, VecDeque};

use super::RoomId;
use crate::Timestamp;

pub use code::RoomCode;

/// For how long a code names no room after its room has ended, in milliseconds: a day, so that
/// whoever has an old code finds nothing, and not the room of somebody else.
const REST_MS: u64 = 24 * 60 * 60 * 1_000;

/// Codes that are at rest, in some 15 MB. When there are more, the rest of the oldest ends early.
/// With so many, one in 700 of the shortest codes is kept back; without any, one that is drawn
/// anew is as rarely an old one.
const MAX_RESTING: usize = 262_144;

/// All codes of a server. The server keeps it behind a lock, and draws the codes: nothing here is
/// random.
#[derive(Debug, Default)]
pub struct RoomCodes {
    rooms: HashMap<RoomCode, RoomId>,
    /// Until when codes are at rest.
    resting: HashMap<RoomCode, Timestamp>,
    /// The same, the earliest first.
    rests: VecDeque<(Timestamp, RoomCode)>,
}

impl RoomCodes {
    /// Gives a room a code that was drawn for it. False if the code stands for another room or is
    /// at rest: then draw another.
    #[must_use]
    pub fn give(&mut self, code: RoomCode, room: RoomId, now: Timestamp) -> bool {
        self.end_rests(now);
        if self.rooms.contains_key(&code) || self.resting.contains_key(&code) {
            return false;
        }
        self.rooms.insert(code, room);
        true
    }

    /// Notes the code of a room that a journal has kept.
    pub fn restore(&mut self, code: RoomCode, room: RoomId) {
        self.rooms.insert(code, room);
    }

    /// Forgets the code of a room that goes on elsewhere. It doesn't rest here.
    pub fn forget(&mut self, code: RoomCode, room: RoomId) {
        if self.rooms.get(&code) == Some(&room) {
            self.rooms.remove(&code);
        }
    }

    /// The room that a code stands for.
    #[must_use]
    pub fn find(&self, code: RoomCode) -> Option<RoomId> {
        self.rooms.get(&code).copied()
    }

    /// Notes that a room has ended. Its code stands for nothing from now on, and rests.
    pub fn end(&mut self, code: RoomCode, now: Timestamp) {
        if self.rooms.remove(&code).is_some() {
            let until = now.after(REST_MS);
            self.resting.insert(code, until);
            self.rests.push_back((until, code));
            self.end_rests(now);
        }
    }

    /// How many codes stand for a room.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rooms.len()
    }

    /// Whether none does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    fn end_rests(&mut self, now: Timestamp) {
        while let Some((until, code)) = self.rests.front().copied() {
            if until > now && self.rests.len() <= MAX_RESTING {
                break;
            }
            self.rests.pop_front();
            self.resting.remove(&code);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(number: u128) -> RoomCode {
        RoomCode::from_random(number, 6)
    }

    fn room(number: u128) -> RoomId {
        RoomId::from_random(number)
    }

    #[test]
    fn c1_a_code_names_one_room_and_no_other_within_its_rest() {
        let mut codes = RoomCodes::default();
        assert!(codes.give(code(1), room(1), Timestamp(0)));
        assert!(!codes.give(code(1), room(2), Timestamp(0)), "it stands for a room");
        codes.end(code(1), Timestamp(5));
        assert!(!codes.give(code(1), room(2), Timestamp(5 + REST_MS - 1)), "it is at rest");
        assert!(codes.give(code(1), room(2), Timestamp(5 + REST_MS)));
        assert_eq!(codes.find(code(1)), Some(room(2)));
    }

    #[test]
    fn c3_after_the_end_of_its_room_a_code_is_unknown_at_once() {
        let mut codes = RoomCodes::default();
        codes.restore(code(1), room(1));
        assert_eq!((codes.find(code(1)), codes.len()), (Some(room(1)), 1));
        codes.end(code(1), Timestamp(7));
        assert_eq!(codes.find(code(1)), None);
        codes.end(code(1), Timestamp(8));
        assert_eq!(codes.rests.len(), 1, "a room ends once");
    }

    #[test]
    fn a_code_that_is_forgotten_does_not_rest_and_only_its_own_room_forgets_it() {
        let mut codes = RoomCodes::default();
        codes.restore(code(1), room(1));
        codes.forget(code(1), room(2));
        assert_eq!(codes.find(code(1)), Some(room(1)));
        codes.forget(code(1), room(1));
        assert_eq!(codes.find(code(1)), None);
        assert!(codes.give(code(1), room(2), Timestamp(0)));
    }

    #[test]
    fn the_number_of_codes_at_rest_is_bounded() {
        let mut codes = RoomCodes::default();
        for number in 0..=MAX_RESTING as u128 {
            assert!(codes.give(code(number), room(number), Timestamp(0)));
            codes.end(code(number), Timestamp(0));
        }
        assert_eq!((codes.rests.len(), codes.resting.len()), (MAX_RESTING, MAX_RESTING));
        assert!(codes.give(code(0), room(0), Timestamp(0)), "the oldest is free");
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Give(u8),
        End(u8),
        Wait(u32),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0..8_u8).prop_map(Step::Give),
            (0..8_u8).prop_map(Step::End),
            (0..REST_MS as u32).prop_map(Step::Wait),
        ];
        prop::collection::vec(step, 0..60)
    }

    proptest! {
        /// C1 and C3 over random histories, beside a list of all that has ever happened.
        #[test]
        fn c1_c3_over_any_history(steps in steps()) {
            let mut codes = RoomCodes::default();
            let mut now = Timestamp(0);
            let mut given: Vec<(u8, RoomId, Option<Timestamp>)> = Vec::new();
            for (number, step) in (100_u128..).zip(steps) {
                match step {
                    Step::Give(which) => {
                        let is_free = given.iter().filter(|(code, ..)| *code == which).all(|(_, _, ended)| {
                            ended.is_some_and(|ended| now.since(ended) >= REST_MS)
                        });
                        prop_assert_eq!(codes.give(code(which.into()), room(number), now), is_free);
                        if is_free {
                            given.push((which, room(number), None));
                        }
                    }
                    Step::End(which) => {
                        codes.end(code(which.into()), now);
                        let live = given.iter_mut().find(|(code, _, ended)| *code == which && ended.is_none());
                        if let Some((_, _, ended)) = live {
                            *ended = Some(now);
                        }
                    }
                    Step::Wait(ms) => now = now.after(ms.into()),
                }
                for which in 0..8_u8 {
                    let live = given.iter().find(|(code, _, ended)| *code == which && ended.is_none());
                    prop_assert_eq!(codes.find(code(which.into())), live.map(|(_, room, _)| *room));
                }
            }
        }
    }
}
