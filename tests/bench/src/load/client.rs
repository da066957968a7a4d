//! One connection of the load generator: it keeps only what it needs between two reads.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;

use mio::net::TcpStream;
use socket2::{Domain, Socket, Type};
use tokio_rustls::rustls::ClientConfig;

use crate::tls::{Reading, Stream};
use crate::wire::dialect::Recovery;
use crate::wire::events::EventStream;
use crate::wire::frame::{Opcode, push_client_frame};
use crate::wire::message::Rendering;

/// The receive buffer of a slow follower: its unread bytes soon stay at the server.
const NARROW_BYTES: usize = 4 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Connecting,
    Upgrading,
    /// The server speaks first.
    Greeting,
    /// Create or join is sent but not answered.
    Entering,
    Live,
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Owner,
    /// Reads everything.
    Follower,
    /// A follower that joins while messages are sent: its first message may be any.
    Joiner,
    /// A follower that must get all state messages, with the numbers from 1.
    Late,
    /// Has a small receive buffer. Stops reading once it is live, until it is told to go on.
    Stalled,
}

pub(super) struct Client {
    pub(super) address: SocketAddr,
    pub(super) role: Role,
    pub(super) room: usize,
    pub(super) rendering: Rendering,
    pub(super) phase: Phase,
    /// The number of the next message that it expects; 0 for any.
    pub(super) next: u64,
    /// The moment at which its newest message was sent; µs.
    pub(super) seen_micros: u64,
    /// The moment at which it began to connect; µs.
    pub(super) began: u64,
    /// The moment at which it was live; µs.
    pub(super) entered: u64,
    pub(super) stream: Stream,
    /// What lets it go on where it was, if the server gives it something like that.
    pub(super) recovery: Recovery,
    /// What it takes, if not frames.
    pub(super) events: Option<EventStream>,
    /// The part of a frame that has come.
    rest: Vec<u8>,
    unsent: Vec<u8>,
}

impl Client {
    /// Begins to connect.
    pub(super) fn connect(
        address: SocketAddr,
        tls: Option<&Arc<ClientConfig>>,
        role: Role,
        room: usize,
        rendering: Rendering,
        now: u64,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if role == Role::Stalled {
            socket.set_recv_buffer_size(NARROW_BYTES)?;
        }
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        match socket.connect(&address.into()) {
            Ok(()) => {}
            // EINPROGRESS has no `ErrorKind` of its own.
            Err(error)
                if error.kind() == ErrorKind::WouldBlock
                    || error.raw_os_error().is_some_and(is_in_progress) => {}
            Err(error) => return Err(error),
        }
        let stream = Stream::connecting(TcpStream::from_std(socket.into()), tls, address.ip())?;
        Ok(Self {
            address,
            role,
            room,
            rendering,
            phase: Phase::Connecting,
            next: 0,
            seen_micros: 0,
            began: now,
            entered: 0,
            stream,
            recovery: Recovery::default(),
            events: None,
            rest: Vec::new(),
            unsent: Vec::new(),
        })
    }

    /// Whether the load generator reads from it now.
    pub(super) fn reads(&self) -> bool {
        match self.phase {
            Phase::Over | Phase::Connecting => false,
            Phase::Upgrading | Phase::Greeting | Phase::Entering => true,
            Phase::Live => self.role != Role::Stalled,
        }
    }

    /// Reads once, after the kept bytes, which count among those that it returns. `None` if nothing
    /// came.
    #[inline]
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<Reading>> {
        let kept = self.rest.len();
        if kept >= buffer.len() {
            return Err(io::Error::other("a frame is larger than the buffer"));
        }
        buffer[..kept].copy_from_slice(&self.rest);
        match self.stream.read(&mut buffer[kept..]) {
            Ok(Reading { bytes, has_more }) => {
                self.rest.clear();
                Ok(Some(Reading { bytes: kept + bytes, has_more }))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn kept(&self) -> usize {
        self.rest.len()
    }

    /// Keeps the beginning of a frame until the rest comes.
    pub(super) fn keep(&mut self, rest: &[u8]) {
        self.rest.extend_from_slice(rest);
    }

    pub(super) fn queue(&mut self, bytes: &[u8]) {
        self.unsent.extend_from_slice(bytes);
    }

    pub(super) fn queue_frame(&mut self, opcode: Opcode, payload: &[u8]) {
        push_client_frame(&mut self.unsent, opcode, payload);
    }

    pub(super) fn unsent(&self) -> usize {
        self.unsent.len()
    }

    /// Writes as much of the queue as the kernel accepts.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()?;
        let mut sent = 0;
        while sent < self.unsent.len() {
            match self.stream.write(&self.unsent[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        self.unsent.drain(..sent);
        Ok(())
    }
}

fn is_in_progress(code: i32) -> bool {
    code == rustix::io::Errno::INPROGRESS.raw_os_error()
}
