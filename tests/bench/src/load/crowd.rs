//! All websockets of a run, and the one loop that reads them: owners and followers in one thread, because it must
//! leave the rest of the machine to the server.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use mio::{Events, Interest, Poll, Token};

use super::client::{Client, Phase, Role};
use super::drive::{Drive, Next};
use super::room::Room;
use super::tally::Tally;
use super::timer::Timer;
use crate::wire::frame::{Frame, Opcode};
use crate::wire::handshake::{self, PATH};
use crate::wire::message::{self, ActionTemplate, Answer, Rendering};
use crate::wire::stamp::Stamp;

const TIMER: Token = Token(usize::MAX);
/// One read takes all that a socket mostly has, and a frame must fit.
const BUFFER_BYTES: usize = 1024 * 1024;
const EVENTS: usize = 1024;
/// After so many events it is looked whether a message is due.
const EVENTS_BETWEEN_SENDS: usize = 16;
/// While so many connections are on their way, no more are begun, unless a storm is wanted.
const CONNECTIONS_UNDER_WAY: usize = 256;
/// When so long nothing at all has come that should come, it never will.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Crowd {
    address: SocketAddr,
    poll: Poll,
    timer: Timer,
    started: Instant,
    buffer: Vec<u8>,
    pub(super) clients: Vec<Client>,
    pub(super) rooms: Vec<Room>,
    pub(super) drive: Drive,
    pub(crate) tally: Tally,
    /// Connections that are not live yet.
    under_way: usize,
}

impl Crowd {
    pub(crate) fn new(address: SocketAddr) -> anyhow::Result<Self> {
        rlimit::increase_nofile_limit(u64::MAX).context("the limit of open files cannot be raised")?;
        let poll = Poll::new().context("no epoll")?;
        let timer = Timer::new(&poll, TIMER).context("no timer")?;
        Ok(Self {
            address,
            poll,
            timer,
            started: Instant::now(),
            buffer: vec![0; BUFFER_BYTES],
            clients: Vec::new(),
            rooms: Vec::new(),
            drive: Drive::Nothing,
            tally: Tally::new(),
            under_way: 0,
        })
    }

    /// Since the load generator's start.
    pub(crate) fn micros(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Opens rooms with an owner each; returns the number of the first.
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

    /// Adds followers to a room and waits until all are in.
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

    /// Adds followers to a room, all at once.
    pub(crate) fn storm(&mut self, room: usize, count: usize, rendering: Rendering) -> anyhow::Result<()> {
        (0..count).try_for_each(|_| self.connect(Role::Follower, room, rendering))
    }

    fn connect(&mut self, role: Role, room: usize, rendering: Rendering) -> anyhow::Result<()> {
        let mut client = Client::connect(self.address, role, room, rendering, self.micros())
            .with_context(|| format!("cannot connect to {}", self.address))?;
        let token = Token(self.clients.len());
        self.poll.registry().register(&mut client.stream, token, Interest::READABLE | Interest::WRITABLE)?;
        self.clients.push(client);
        self.under_way += 1;
        Ok(())
    }

    /// Goes on until at most so many connections are under way.
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

    /// Carries out what is to be sent, then goes on until everything has come, or nothing comes any more.
    pub(crate) fn run(&mut self, drive: Drive) -> anyhow::Result<()> {
        self.begin(drive)?;
        self.finish()
    }

    /// Begins to send. It goes on in every turn.
    pub(crate) fn begin(&mut self, drive: Drive) -> anyhow::Result<()> {
        self.drive = drive;
        self.carry_on()
    }

    /// Goes on until everything is sent and has come, or nothing comes any more.
    pub(crate) fn finish(&mut self) -> anyhow::Result<()> {
        while self.drive.is_sending() {
            self.turn(PATIENCE)?;
        }
        let mut last = (self.tally.delivered, Instant::now());
        while self.missing() > 0 && last.1.elapsed() < PATIENCE {
            self.turn(PATIENCE / 10)?;
            if self.tally.delivered != last.0 {
                last = (self.tally.delivered, Instant::now());
            }
        }
        Ok(())
    }

    /// Goes on for a while.
    pub(crate) fn idle(&mut self, time: Duration) -> anyhow::Result<()> {
        let end = Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.turn(left)?;
        }
    }

    pub(crate) fn is_sending(&self) -> bool {
        self.drive.is_sending()
    }

    /// What a room's owner says from now on.
    pub(crate) fn say(&mut self, room: usize, bytes: usize, state: bool) {
        let Room { uuid, rendering, .. } = &self.rooms[room];
        let rendering = rendering.unwrap_or(Rendering::Whole);
        self.rooms[room].action = Some(ActionTemplate::new(uuid, rendering, "move", state, bytes));
    }

    /// Has a room's owner fill so many slots.
    pub(crate) fn fill_slots(&mut self, room: usize, slots: usize, bytes: usize) -> anyhow::Result<()> {
        for slot in 0..slots {
            let Room { uuid, rendering, .. } = &self.rooms[room];
            let rendering = rendering.unwrap_or(Rendering::Whole);
            let action = ActionTemplate::new(uuid, rendering, &format!("slot{slot:04}"), true, bytes);
            self.rooms[room].action = Some(action);
            self.queue_action(room);
        }
        while !self.flush_owner(room)? {
            self.turn(PATIENCE)?;
        }
        Ok(())
    }

    /// How long the last so many clients took to get in; ms.
    pub(crate) fn entry_times(&self, count: usize) -> Vec<f64> {
        let last = &self.clients[self.clients.len().saturating_sub(count)..];
        last.iter().map(|client| client.entered.saturating_sub(client.began) as f64 / 1000.0).collect()
    }

    /// Those who take nothing by themselves.
    pub(crate) fn stalled(&self) -> Vec<usize> {
        let all = self.clients.iter().enumerate();
        all.filter(|(_, client)| client.role == Role::Stalled).map(|(index, _)| index).collect()
    }

    /// What followers that read have not got of what was sent, gaps left out.
    pub(crate) fn missing(&self) -> u64 {
        let followers = self
            .clients
            .iter()
            .filter(|client| client.role != Role::Owner && client.role != Role::Stalled && client.next > 0);
        followers.map(|client| (self.rooms[client.room].sent + 1).saturating_sub(client.next)).sum()
    }

    /// Waits for events, at most so long, and handles them.
    pub(crate) fn turn(&mut self, timeout: Duration) -> anyhow::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        match self.poll.poll(&mut events, Some(timeout)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            result => result.context("the poll failed")?,
        }
        for (count, event) in events.iter().enumerate() {
            if event.token() != TIMER {
                self.handle(event.token().0, event.is_writable(), event.is_readable())?;
            }
            if count % EVENTS_BETWEEN_SENDS == EVENTS_BETWEEN_SENDS - 1 {
                self.carry_on()?;
            }
        }
        self.carry_on()
    }

    /// Sends what is due.
    fn carry_on(&mut self) -> anyhow::Result<()> {
        let mut drive = std::mem::replace(&mut self.drive, Drive::Nothing);
        match drive.carry_on(self)? {
            Next::Done => return Ok(()),
            Next::Later => {}
            Next::After(pause) => self.timer.set(pause).context("the timer cannot be set")?,
        }
        self.drive = drive;
        Ok(())
    }

    fn handle(&mut self, index: usize, writable: bool, readable: bool) -> anyhow::Result<()> {
        let client = &mut self.clients[index];
        if writable {
            if client.phase == Phase::Connecting {
                if let Some(error) = client.stream.take_error()? {
                    bail!("a connection failed: {error}");
                }
                client.phase = Phase::Upgrading;
                client.queue(handshake::request(&self.address.to_string(), PATH).as_bytes());
            }
            if client.phase != Phase::Over && client.unsent() > 0 && client.flush().is_err() {
                return self.over(index);
            }
        }
        if readable { self.read(index) } else { Ok(()) }
    }

    /// Reads all that a socket has.
    pub(super) fn read(&mut self, index: usize) -> anyhow::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let result = self.read_with(index, &mut buffer);
        self.buffer = buffer;
        result
    }

    /// Reads at most so many bytes of one that is stalled.
    pub(crate) fn sip(&mut self, index: usize, bytes: usize) -> anyhow::Result<()> {
        if self.clients[index].phase != Phase::Live {
            return Ok(());
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let room = (self.clients[index].kept() + bytes).min(buffer.len());
        let result = match self.clients[index].read(&mut buffer[..room]) {
            Ok(Some(filled)) => {
                let now = self.micros();
                let taken = self.take_in(index, &buffer[..filled], now);
                taken.map(|taken| self.clients[index].keep(&buffer[taken..filled]))
            }
            Ok(None) => Ok(()),
            Err(_) => self.over(index),
        };
        self.buffer = buffer;
        result
    }

    fn read_with(&mut self, index: usize, buffer: &mut [u8]) -> anyhow::Result<()> {
        while self.clients[index].reads() {
            let filled = match self.clients[index].read(buffer) {
                Ok(Some(filled)) => filled,
                Ok(None) => return Ok(()),
                Err(_) => return self.over(index),
            };
            let now = self.micros();
            let taken = self.take_in(index, &buffer[..filled], now)?;
            self.clients[index].keep(&buffer[taken..filled]);
            if filled < buffer.len() {
                // A short read has emptied the socket; the next byte is told by an event.
                return Ok(());
            }
        }
        Ok(())
    }

    /// Handles what has come; up to where it is handled.
    fn take_in(&mut self, index: usize, bytes: &[u8], now: u64) -> anyhow::Result<usize> {
        let mut at = 0;
        if self.clients[index].phase == Phase::Upgrading {
            match handshake::read_response(bytes) {
                Ok(None) => return Ok(0),
                Ok(Some(frames)) => at = frames,
                Err(refused) => bail!("no websocket: {}", refused.0),
            }
            self.enter(index)?;
        }
        while let Some(frame) = next_frame(bytes, at)? {
            at = frame.payload.end;
            let payload = &bytes[frame.payload];
            match frame.opcode {
                Opcode::Text => self.take_text(index, payload, now)?,
                Opcode::Ping => self.send(index, Opcode::Pong, payload)?,
                Opcode::Pong => {}
                Opcode::Close => {
                    self.over(index)?;
                    return Ok(bytes.len());
                }
            }
        }
        Ok(at)
    }

    /// Says the first message.
    fn enter(&mut self, index: usize) -> anyhow::Result<()> {
        let client = &mut self.clients[index];
        client.phase = Phase::Entering;
        let first = match client.role {
            Role::Owner => message::create(client.rendering),
            Role::Follower | Role::Late | Role::Stalled => {
                message::join(&self.rooms[client.room].uuid, client.rendering)
            }
        };
        self.send(index, Opcode::Text, first.as_bytes())
    }

    fn send(&mut self, index: usize, opcode: Opcode, payload: &[u8]) -> anyhow::Result<()> {
        self.clients[index].queue_frame(opcode, payload);
        if self.clients[index].flush().is_err() { self.over(index) } else { Ok(()) }
    }

    fn take_text(&mut self, index: usize, payload: &[u8], now: u64) -> anyhow::Result<()> {
        let mut actions = payload;
        if self.clients[index].phase == Phase::Entering {
            let end = memchr::memchr(b'\n', payload).unwrap_or(payload.len());
            let reply = std::str::from_utf8(&payload[..end]).context("a reply is not UTF-8")?;
            self.entered(index, reply, now)?;
            actions = &payload[end..];
        }
        let mut stamps = Stamp::all(actions).peekable();
        if stamps.peek().is_none() {
            let text = std::str::from_utf8(actions).context("a message is not UTF-8")?;
            if message::read_answer(text) == Answer::NotConnected {
                bail!("refused: {text}");
            }
            return Ok(());
        }
        if payload.last() != Some(&b'}') {
            bail!("a frame that is cut off: {}", String::from_utf8_lossy(payload));
        }
        let client = &mut self.clients[index];
        let room = &mut self.rooms[client.room];
        for stamp in stamps {
            let stamp = stamp.with_context(|| format!("broken: {}", String::from_utf8_lossy(payload)))?;
            let waited = client.next;
            client.seen_micros = stamp.micros;
            if client.role == Role::Stalled {
                client.next = stamp.number + 1;
                continue;
            }
            client.next = self.tally.count(waited, stamp.number, now.saturating_sub(stamp.micros));
            room.delivered(waited, client.next);
        }
        Ok(())
    }

    fn entered(&mut self, index: usize, reply: &str, now: u64) -> anyhow::Result<()> {
        let Answer::Connected(uuid) = message::read_answer(reply) else { bail!("not let in: {reply}") };
        let client = &mut self.clients[index];
        let room = &mut self.rooms[client.room];
        client.phase = Phase::Live;
        client.entered = now;
        match client.role {
            Role::Owner => room.opened(uuid, client.rendering),
            // Into a room where messages are under way: whichever comes first.
            Role::Follower if self.drive.is_sending() => {}
            Role::Follower => {
                client.next = room.sent + 1;
                room.readers += 1;
            }
            Role::Late => client.next = 1,
            Role::Stalled => {}
        }
        self.under_way -= 1;
        Ok(())
    }

    /// The connection is lost, or the server has ended it.
    fn over(&mut self, index: usize) -> anyhow::Result<()> {
        let client = &mut self.clients[index];
        match client.phase {
            Phase::Over => return Ok(()),
            Phase::Live => {}
            early => bail!("a connection was ended while {early:?}"),
        }
        if client.role == Role::Owner {
            bail!("the server has ended an owner's connection");
        }
        client.phase = Phase::Over;
        self.tally.cut_off += 1;
        let closed = self.poll.registry().deregister(&mut client.stream);
        closed.or_else(
            |error: io::Error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) },
        )?;
        Ok(())
    }

    /// Writes what an owner has to say; false if the kernel does not take all of it now.
    pub(super) fn flush_owner(&mut self, room: usize) -> anyhow::Result<bool> {
        let owner = &mut self.clients[self.rooms[room].owner];
        owner.flush().context("the server has ended an owner's connection")?;
        Ok(owner.unsent() == 0)
    }

    /// Puts a message at the end of what an owner has to say.
    pub(super) fn queue_action(&mut self, room: usize) {
        let micros = self.micros();
        let room = &mut self.rooms[room];
        room.sent += 1;
        let stamp = Stamp { number: room.sent, micros };
        let action = room.action.as_mut().expect("the room is open");
        self.clients[room.owner].queue_frame(Opcode::Text, action.stamped(stamp));
    }
}

fn next_frame(bytes: &[u8], at: usize) -> anyhow::Result<Option<Frame>> {
    Frame::next(bytes, at).map_err(|unknown| anyhow::anyhow!("a frame that begins with {:#x}", unknown.0))
}
