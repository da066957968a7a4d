//! The messages of owners.

use anyhow::Context;

use super::{Crowd, PATIENCE};
use crate::load::client::{Phase, Role};
use crate::load::room::Room;
use crate::wire::frame::Opcode;
use crate::wire::message::{ActionTemplate, Rendering};
use crate::wire::stamp::Stamp;

impl Crowd {
    /// Sets the message that a room's owner sends from now on.
    pub(crate) fn say(&mut self, room: usize, bytes: usize, state: bool) {
        self.say_with_key(room, "move", bytes, state);
    }

    fn say_with_key(&mut self, room: usize, key: &str, bytes: usize, state: bool) {
        let Room { uuid, rendering, .. } = &self.rooms[room];
        let rendering = rendering.unwrap_or(Rendering::Original);
        let action = ActionTemplate::new(uuid, rendering, key, state, bytes);
        self.rooms[room].action = Some(action.wrapped(self.dialect));
    }

    /// Lets a room's owner fill this many slots.
    pub(crate) fn fill_slots(&mut self, room: usize, slots: usize, bytes: usize) -> anyhow::Result<()> {
        for slot in 0..slots {
            self.say_with_key(room, &format!("slot{slot:04}"), bytes, true);
            self.queue_action(room);
        }
        while !self.flush_owner(room)? {
            self.turn(PATIENCE)?;
        }
        Ok(())
    }

    /// Lets the stalled followers read again. They must get everything that was sent since they
    /// came.
    pub(crate) fn wake(&mut self) -> anyhow::Result<()> {
        for index in self.stalled() {
            let client = &mut self.clients[index];
            if client.phase != Phase::Live {
                continue;
            }
            client.role = Role::Follower;
            client.next = client.next.max(1);
            self.rooms[client.room].readers += 1;
            self.read(index)?;
        }
        Ok(())
    }

    /// Writes an owner's queue. Returns false if the kernel does not accept all of it now.
    pub(crate) fn flush_owner(&mut self, room: usize) -> anyhow::Result<bool> {
        let owner = &mut self.clients[self.rooms[room].owner];
        owner.flush().context("the server has ended an owner's connection")?;
        Ok(owner.unsent() == 0)
    }

    /// Appends a message to an owner's queue.
    pub(crate) fn queue_action(&mut self, room: usize) {
        let micros = self.micros();
        let room = &mut self.rooms[room];
        room.sent += 1;
        let stamp = Stamp { number: room.sent, micros };
        room.journeys.sent(room.sent, micros);
        let action = room.action.as_mut().expect("the room is open");
        self.clients[room.owner].queue_frame(Opcode::Text, action.stamped(stamp));
    }
}
