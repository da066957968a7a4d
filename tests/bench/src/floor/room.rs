//! A room of the floor: its followers, and its state messages as one block of ready frames.

use std::collections::HashMap;

use crate::wire::frame::{Opcode, push_server_frame};
use crate::wire::message;

#[derive(Default)]
pub(super) struct Room {
    pub(super) followers: Vec<usize>,
    /// The index in `messages`, by function key.
    slots: HashMap<String, usize>,
    messages: Vec<Vec<u8>>,
    /// The frames of all messages; empty after a change.
    block: Vec<u8>,
}

impl Room {
    /// Retains a state message in its slot, and ignores any other message.
    pub(super) fn retain(&mut self, payload: &[u8]) {
        let Ok(text) = std::str::from_utf8(payload) else { return };
        if !message::is_state(text) {
            return;
        }
        let Some(key) = message::key(text) else { return };
        self.block.clear();
        match self.slots.get(key) {
            Some(index) => self.messages[*index] = payload.to_vec(),
            None => {
                self.slots.insert(key.to_owned(), self.messages.len());
                self.messages.push(payload.to_vec());
            }
        }
    }

    pub(super) fn snapshot(&mut self) -> &[u8] {
        if self.block.is_empty() && !self.messages.is_empty() {
            push_server_frame(&mut self.block, Opcode::Text, &self.messages.join(&b'\n'));
        }
        &self.block
    }
}
