//! A room as the load generator sees it: its owner, the number of sent messages, and the position
//! of its slowest follower.

use super::journeys::Journeys;
use crate::wire::message::{ActionTemplate, Rendering};

/// More messages than are ever on their way at once while their completion is counted.
const WINDOW: usize = 1024;

pub(crate) struct Room {
    /// Its owner's index among the clients.
    pub(super) owner: usize,
    pub(super) uuid: String,
    pub(super) owner_key: String,
    pub(super) rendering: Option<Rendering>,
    /// The owner's message, once the room is open.
    pub(super) action: Option<ActionTemplate>,
    pub(super) sent: u64,
    /// The owner knows that the actions up to this one are taken.
    pub(super) answered: u64,
    /// Followers that read everything.
    pub(super) readers: u32,
    /// Every reader has all messages up to this one.
    pub(super) completed: u64,
    /// How many readers have each of the messages after it.
    reached: Vec<u32>,
    /// The ways of its messages, while they are watched.
    pub(super) journeys: Journeys,
}

impl Room {
    pub(super) fn new(owner: usize) -> Self {
        Self {
            owner,
            uuid: String::new(),
            owner_key: String::new(),
            rendering: None,
            action: None,
            sent: 0,
            answered: 0,
            readers: 0,
            completed: 0,
            reached: Vec::new(),
            journeys: Journeys::default(),
        }
    }

    pub(super) fn opened(&mut self, uuid: &str, owner_key: Option<&str>, rendering: Rendering) {
        uuid.clone_into(&mut self.uuid);
        if let Some(owner_key) = owner_key {
            owner_key.clone_into(&mut self.owner_key);
        }
        self.rendering = Some(rendering);
    }

    /// Counts `completed` from now on.
    pub(super) fn watch_completion(&mut self) {
        self.reached = vec![0; WINDOW];
        self.completed = self.sent;
    }

    /// A reader that expected message `from` now expects `to`.
    #[inline]
    pub(super) fn delivered(&mut self, from: u64, to: u64) {
        if self.reached.is_empty() {
            return;
        }
        for number in from..to {
            self.reached[number as usize % WINDOW] += 1;
        }
        while self.completed < self.sent {
            let next = &mut self.reached[(self.completed + 1) as usize % WINDOW];
            if *next < self.readers {
                return;
            }
            *next = 0;
            self.completed += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_complete_when_the_slowest_has_it() {
        let mut room = Room::new(0);
        room.readers = 2;
        room.watch_completion();
        room.sent = 3;
        room.delivered(1, 4);
        assert_eq!(room.completed, 0);
        room.delivered(1, 2);
        assert_eq!(room.completed, 1);
        room.delivered(2, 4);
        assert_eq!(room.completed, 3);
    }
}
