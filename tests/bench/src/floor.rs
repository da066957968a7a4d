//! The floor: a program to compare with, which does only what any server must: one `write` per
//! follower. With a certificate it encrypts each frame before that.
//!
//! It has one thread and one loop. It answers handshakes, create and join, keeps state messages as
//! one ready block, and relays an owner's frames without checks. Its two modes are the two ways in
//! which a server may write a backlog.

mod member;
mod room;

use std::collections::HashMap;
use std::io::{self, ErrorKind, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use tokio_rustls::rustls::ServerConfig;

use crate::tls::{Certificate, Reading, Stream};
use crate::wire::frame::{Frame, Opcode, push_server_frame};
use crate::wire::handshake;
use crate::wire::message::{self, connected};
use member::{Member, Role};
use room::Room;

/// As large as the server's, so that a storm of joins waits for no retransmissions here either.
const BACKLOG: i32 = 4_096;
const LISTENER: Token = Token(usize::MAX);
/// The most bytes of one read from an owner's socket.
const READ_BYTES: usize = 256 * 1024;
/// While a follower has more unsent bytes than this, the floor does not read from owners. So it
/// loses nothing and does not grow.
const MAX_UNSENT_BYTES: usize = 1024 * 1024;

/// How several messages from one read are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// One write per follower and message.
    Write,
    /// One write per follower.
    Coalesce,
}

/// Serves until it is killed.
pub(crate) fn run(mode: Mode, certificate: &Certificate) -> anyhow::Result<()> {
    rlimit::increase_nofile_limit(u64::MAX).context("the limit of open files cannot be raised")?;
    let tls = certificate.server_config()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let mut floor = Floor::new(mode, tls).context("cannot listen")?;
    println!("listening on {scheme}://{}", floor.listener.local_addr().context("no address")?);
    io::stdout().flush().context("cannot print")?;
    floor.serve().context("the floor's loop failed")
}

/// Serves in a thread of this process.
#[cfg(test)]
pub(crate) fn start(mode: Mode, tls: Option<Arc<ServerConfig>>) -> SocketAddr {
    let mut floor = Floor::new(mode, tls).expect("a floor");
    let address = floor.listener.local_addr().expect("an address");
    std::thread::spawn(move || floor.serve());
    address
}

struct Floor {
    mode: Mode,
    tls: Option<Arc<ServerConfig>>,
    poll: Poll,
    listener: TcpListener,
    /// By token; an index stays empty once its member is gone.
    members: Vec<Option<Member>>,
    rooms: Vec<Room>,
    by_uuid: HashMap<String, usize>,
    /// How many members have more than [`MAX_UNSENT_BYTES`] unsent.
    lagging: usize,
    /// Owners that have unread bytes because of those members.
    unread: Vec<usize>,
    buffer: Vec<u8>,
}

impl Floor {
    fn new(mode: Mode, tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        let poll = Poll::new()?;
        let mut listener = TcpListener::from_std(socket.into());
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            mode,
            tls,
            poll,
            listener,
            members: Vec::new(),
            rooms: Vec::new(),
            by_uuid: HashMap::new(),
            lagging: 0,
            unread: Vec::new(),
            buffer: vec![0; READ_BYTES],
        })
    }

    fn serve(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            if let Err(error) = self.poll.poll(&mut events, None)
                && error.kind() != ErrorKind::Interrupted
            {
                return Err(error);
            }
            for event in &events {
                if event.token() == LISTENER {
                    self.accept()?;
                    continue;
                }
                let index = event.token().0;
                if event.is_writable() {
                    self.flush(index);
                }
                if event.is_readable() {
                    self.read(index);
                }
            }
            if self.lagging == 0 {
                for owner in std::mem::take(&mut self.unread) {
                    self.read(owner);
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            let token = Token(self.members.len());
            self.poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
            let stream = Stream::accepted(stream, self.tls.as_ref())?;
            self.members.push(Some(Member::new(stream)));
        }
    }

    fn read(&mut self, index: usize) {
        let mut buffer = std::mem::take(&mut self.buffer);
        while let Some(member) = &mut self.members[index] {
            if self.lagging > 0 && matches!(member.role, Role::Owner(_)) {
                if !self.unread.contains(&index) {
                    self.unread.push(index);
                }
                break;
            }
            let Ok(end) = member.read(&mut buffer) else {
                self.remove(index);
                break;
            };
            let Some(Reading { bytes: filled, has_more }) = end else { break };
            if self.take_in(index, &mut buffer[..filled]).is_err() {
                self.remove(index);
                break;
            }
            if !has_more {
                break;
            }
        }
        self.buffer = buffer;
    }

    /// Handles the bytes of one read, and keeps the part of a frame at their end.
    fn take_in(&mut self, index: usize, bytes: &mut [u8]) -> Result<(), Gone> {
        let mut at = 0;
        if self.member(index)?.role == Role::Stranger {
            let Some((answer, frames)) = handshake::answer(bytes).map_err(|_| Gone)? else {
                self.member(index)?.keep(bytes);
                return Ok(());
            };
            self.member(index)?.role = Role::Guest;
            self.send(index, answer.as_bytes());
            at = frames;
        }
        let mut relayed = Vec::new();
        while let Some(frame) = Frame::next(bytes, at).map_err(|_| Gone)? {
            at = frame.payload.end;
            let payload = frame.unmasked(bytes);
            match frame.opcode {
                Opcode::Close => return Err(Gone),
                Opcode::Ping | Opcode::Pong => {}
                Opcode::Text => match self.member(index)?.role {
                    Role::Owner(room) => {
                        push_server_frame(&mut relayed, Opcode::Text, payload);
                        self.rooms[room].retain(payload);
                        if self.mode == Mode::Write {
                            self.relay(room, &relayed);
                            relayed.clear();
                        }
                    }
                    Role::Guest => self.enter(index, payload)?,
                    Role::Follower | Role::Stranger => {}
                },
            }
        }
        if let (Role::Owner(room), false) = (self.member(index)?.role, relayed.is_empty()) {
            self.relay(room, &relayed);
        }
        self.member(index)?.keep(&bytes[at..]);
        Ok(())
    }

    /// Handles the first message: create or join.
    fn enter(&mut self, index: usize, payload: &[u8]) -> Result<(), Gone> {
        let text = std::str::from_utf8(payload).map_err(|_| Gone)?;
        if message::status(text) == Some(b'1') {
            let uuid = format!("00000000-0000-4000-8000-{:012x}", self.rooms.len());
            self.by_uuid.insert(uuid.clone(), self.rooms.len());
            self.member(index)?.role = Role::Owner(self.rooms.len());
            self.rooms.push(Room::default());
            let mut reply = Vec::new();
            push_server_frame(&mut reply, Opcode::Text, connected(&uuid).as_bytes());
            self.send(index, &reply);
            return Ok(());
        }
        let uuid = message::uuid(text).ok_or(Gone)?;
        let room = *self.by_uuid.get(uuid).ok_or(Gone)?;
        let mut reply = Vec::new();
        push_server_frame(&mut reply, Opcode::Text, connected(uuid).as_bytes());
        reply.extend_from_slice(self.rooms[room].snapshot());
        self.member(index)?.role = Role::Follower;
        self.rooms[room].followers.push(index);
        self.send(index, &reply);
        Ok(())
    }

    fn relay(&mut self, room: usize, bytes: &[u8]) {
        let mut followers = std::mem::take(&mut self.rooms[room].followers);
        followers.retain(|follower| {
            self.send(*follower, bytes);
            self.members[*follower].is_some()
        });
        self.rooms[room].followers = followers;
    }

    fn send(&mut self, index: usize, bytes: &[u8]) {
        self.written(index, |member| member.send(bytes));
    }

    fn flush(&mut self, index: usize) {
        self.written(index, Member::flush);
    }

    /// Calls `write`, counts the member if it lags, and removes it if it is gone.
    fn written(&mut self, index: usize, write: impl FnOnce(&mut Member) -> io::Result<()>) {
        let Some(member) = &mut self.members[index] else { return };
        let lagged = member.unsent() > MAX_UNSENT_BYTES;
        let result = write(member);
        let lags = member.unsent() > MAX_UNSENT_BYTES;
        match (lagged, lags) {
            (false, true) => self.lagging += 1,
            (true, false) => self.lagging -= 1,
            (true, true) | (false, false) => {}
        }
        if result.is_err() {
            self.remove(index);
        }
    }

    fn remove(&mut self, index: usize) {
        if let Some(member) = self.members[index].take()
            && member.unsent() > MAX_UNSENT_BYTES
        {
            self.lagging -= 1;
        }
    }

    fn member(&mut self, index: usize) -> Result<&mut Member, Gone> {
        self.members[index].as_mut().ok_or(Gone)
    }
}

/// The connection has ended or must be ended.
struct Gone;
