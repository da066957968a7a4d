//! How clients enter: connecting, the handshake, create or join, and the answer.

use std::time::Instant;

use anyhow::{Context, bail};
use mio::{Interest, Token};

use super::{CONNECTIONS_UNDER_WAY, Crowd, PATIENCE};
use crate::load::client::{Client, Phase, Role};
use crate::load::room::Room;
use crate::wire::events::{self, EventStream};
use crate::wire::frame::Opcode;
use crate::wire::handshake;
use crate::wire::message::{self, Answer, Rendering};

impl Crowd {
    /// Opens rooms with an owner each. Returns the number of the first.
    pub(crate) fn open_rooms(&mut self, count: usize, rendering: Rendering) -> anyhow::Result<usize> {
        let first = self.rooms.len();
        for _ in 0..count {
            self.rooms.push(Room::new(self.clients.len()));
            self.connect(Role::Owner, self.rooms.len() - 1, rendering)?;
            self.settle(CONNECTIONS_UNDER_WAY)?;
        }
        self.settle(0)?;
        Ok(first)
    }

    /// Adds followers to a room, and waits until all have entered.
    pub(crate) fn add(
        &mut self,
        room: usize,
        count: usize,
        role: Role,
        rendering: Rendering,
    ) -> anyhow::Result<()> {
        for _ in 0..count {
            self.connect(role, room, rendering)?;
            self.settle(CONNECTIONS_UNDER_WAY)?;
        }
        self.settle(0)
    }

    /// Adds this many followers to each of the first rooms, and waits until all have entered.
    pub(crate) fn add_to_each(
        &mut self,
        rooms: usize,
        count: usize,
        rendering: Rendering,
    ) -> anyhow::Result<()> {
        for room in 0..rooms {
            for _ in 0..count {
                self.connect(Role::Follower, room, rendering)?;
                self.settle(CONNECTIONS_UNDER_WAY)?;
            }
        }
        self.settle(0)
    }

    /// Adds followers to a room, all at once.
    pub(crate) fn storm(&mut self, room: usize, count: usize, rendering: Rendering) -> anyhow::Result<()> {
        (0..count).try_for_each(|_| self.connect(Role::Joiner, room, rendering))
    }

    fn connect(&mut self, role: Role, room: usize, rendering: Rendering) -> anyhow::Result<()> {
        let client = self.new_client(role, room, rendering, self.clients.len())?;
        self.clients.push(client);
        Ok(())
    }

    /// Begins to connect the client that will have this index.
    pub(super) fn new_client(
        &mut self,
        role: Role,
        room: usize,
        rendering: Rendering,
        index: usize,
    ) -> anyhow::Result<Client> {
        let address = self.address_of(role, index);
        let mut client = Client::connect(address, self.tls.as_ref(), role, room, rendering, self.micros())
            .with_context(|| format!("cannot connect to {address}"))?;
        client.events = (self.by_events && role == Role::Follower).then(EventStream::default);
        let interests = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(client.stream.socket(), Token(index), interests)?;
        self.under_way += 1;
        Ok(client)
    }

    /// Goes on until at most this many connections are under way.
    pub(crate) fn settle(&mut self, under_way: usize) -> anyhow::Result<()> {
        let mut last = (self.under_way, Instant::now());
        while self.under_way > under_way {
            self.turn(PATIENCE)?;
            if self.under_way != last.0 {
                last = (self.under_way, Instant::now());
            } else if last.1.elapsed() > PATIENCE {
                bail!("{} connections were not answered in {PATIENCE:?}", self.under_way);
            }
        }
        Ok(())
    }

    /// How long each of the last `count` clients took to enter; ms.
    pub(crate) fn entry_times(&self, count: usize) -> Vec<f64> {
        let last = &self.clients[self.clients.len().saturating_sub(count)..];
        last.iter().map(|client| client.entered.saturating_sub(client.began) as f64 / 1000.0).collect()
    }

    /// The first bytes of a client that is connected.
    pub(super) fn request(&self, index: usize) -> String {
        let client = &self.clients[index];
        let (host, path) = (client.address.to_string(), self.dialect.path());
        match client.events {
            Some(_) => events::request(&host, path, &self.rooms[client.room].uuid),
            None => handshake::request(&host, path),
        }
    }

    /// Sends the first message.
    pub(super) fn enter(&mut self, index: usize) -> anyhow::Result<()> {
        let client = &mut self.clients[index];
        client.phase = Phase::Entering;
        let first = match client.role {
            Role::Owner if !self.rooms[client.room].uuid.is_empty() => {
                let room = &self.rooms[client.room];
                message::claim(&room.uuid, &room.owner_key)
            }
            Role::Owner => message::create(client.rendering),
            Role::Follower if client.next > 0 => {
                message::come_back(&self.rooms[client.room].uuid, client.next - 1)
            }
            Role::Follower | Role::Joiner | Role::Late | Role::Stalled => {
                message::join(&self.rooms[client.room].uuid, client.rendering)
            }
        };
        let first = self.dialect.wrap(&first);
        self.send(index, Opcode::Text, first.as_bytes())
    }

    pub(super) fn entered(&mut self, index: usize, reply: &str, now: u64) -> anyhow::Result<()> {
        let Answer::Connected(uuid) = message::read_answer(reply) else { bail!("not let in: {reply}") };
        let client = &mut self.clients[index];
        let room = &mut self.rooms[client.room];
        match client.role {
            Role::Owner => room.opened(uuid, message::owner_key(reply), client.rendering),
            // One that comes back goes on where it was.
            Role::Follower if client.next > 0 => room.readers += 1,
            Role::Follower => {
                client.next = room.sent + 1;
                room.readers += 1;
            }
            Role::Late => client.next = 1,
            Role::Joiner | Role::Stalled => {}
        }
        self.is_live(index, now);
        Ok(())
    }

    pub(super) fn is_live(&mut self, index: usize, now: u64) {
        let client = &mut self.clients[index];
        client.phase = Phase::Live;
        client.entered = now;
        self.under_way -= 1;
    }
}
