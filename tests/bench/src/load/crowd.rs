//! All connections of a run, and the one loop that reads them. Owners and followers share one
//! thread, so that the rest of the machine is the server's.

mod arrival;
mod listening;
mod reading;
mod returning;
mod speaking;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use mio::{Events, Poll, Token};
use tokio_rustls::rustls::ClientConfig;

use super::client::{Client, Role};
use super::drive::{Drive, Next};
use super::room::Room;
use super::tally::Tally;
use super::timer::Timer;
use crate::wire::dialect::Dialect;

const TIMER: Token = Token(usize::MAX);
/// Large enough for a frame, and mostly for all that a socket has.
const BUFFER_BYTES: usize = 1024 * 1024;
const EVENTS: usize = 1024;
/// After this many events, the loop checks whether a message is due.
const EVENTS_BETWEEN_SENDS: usize = 16;
/// While this many connections are on their way, no more begin, except in a storm.
const CONNECTIONS_UNDER_WAY: usize = 256;
/// If nothing comes for this long, the missing messages are lost.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Crowd {
    address: SocketAddr,
    /// Where followers connect in turn.
    follow_at: Vec<SocketAddr>,
    dialect: Dialect,
    /// With it, everybody speaks TLS.
    tls: Option<Arc<ClientConfig>>,
    /// Whether followers take events.
    by_events: bool,
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
    /// Whether the server may end the owners' connections.
    expects_the_end: bool,
}

impl Crowd {
    pub(crate) fn new(address: SocketAddr, dialect: Dialect) -> anyhow::Result<Self> {
        rlimit::increase_nofile_limit(u64::MAX).context("the limit of open files cannot be raised")?;
        let poll = Poll::new().context("no epoll")?;
        let timer = Timer::new(&poll, TIMER).context("no timer")?;
        Ok(Self {
            address,
            follow_at: Vec::new(),
            dialect,
            tls: None,
            by_events: false,
            poll,
            timer,
            started: Instant::now(),
            buffer: vec![0; BUFFER_BYTES],
            clients: Vec::new(),
            rooms: Vec::new(),
            drive: Drive::Nothing,
            tally: Tally::new(),
            under_way: 0,
            expects_the_end: false,
        })
    }

    /// Has everybody speak TLS who connects from now on.
    pub(crate) fn speak_tls(&mut self, config: Arc<ClientConfig>) {
        self.tls = Some(config);
    }

    /// Sends followers to these addresses in turn, from now on. Without one they go to the owner's.
    pub(crate) fn follow_at(&mut self, addresses: &[SocketAddr]) {
        self.follow_at = addresses.to_vec();
    }

    /// Where a client of this index connects.
    fn address_of(&self, role: Role, index: usize) -> SocketAddr {
        match self.follow_at.len() {
            0 => self.address,
            _ if role == Role::Owner => self.address,
            several => self.follow_at[index % several],
        }
    }

    /// The time since the load generator's start.
    pub(crate) fn micros(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Sends what `drive` says, and goes on until everything has come or nothing comes any more.
    pub(crate) fn run(&mut self, drive: Drive) -> anyhow::Result<()> {
        self.begin(drive)?;
        self.finish()
    }

    /// Begins to send. Each turn sends more.
    pub(crate) fn begin(&mut self, drive: Drive) -> anyhow::Result<()> {
        self.drive = drive;
        self.carry_on()
    }

    /// Goes on until everything is sent and has come, or until nothing comes any more.
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

    /// Sends nothing more.
    pub(crate) fn stop(&mut self) {
        self.drive = Drive::Nothing;
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

    /// How many messages were sent, in all rooms.
    pub(crate) fn sent(&self) -> u64 {
        self.rooms.iter().map(|room| room.sent).sum()
    }

    /// How many of them the owners know to be taken.
    pub(crate) fn answered(&self) -> u64 {
        self.rooms.iter().map(|room| room.answered).sum()
    }

    pub(crate) fn is_sending(&self) -> bool {
        self.drive.is_sending()
    }

    /// The stalled followers.
    pub(crate) fn stalled(&self) -> Vec<usize> {
        let all = self.clients.iter().enumerate();
        all.filter(|(_, client)| client.role == Role::Stalled).map(|(index, _)| index).collect()
    }

    /// The age of the newest message of each of these followers; ms.
    pub(crate) fn ages(&self, of: &[usize]) -> Vec<f64> {
        let now = self.micros();
        let age = |index: &usize| now.saturating_sub(self.clients[*index].seen_micros) as f64 / 1000.0;
        of.iter().map(age).collect()
    }

    /// How many followers lack the newest message.
    pub(crate) fn behind(&self) -> usize {
        let followers = self.clients.iter().filter(|client| client.role != Role::Owner);
        followers.filter(|client| client.next <= self.rooms[client.room].sent).count()
    }

    /// How many sent messages have not reached the followers that read, without gaps.
    pub(crate) fn missing(&self) -> u64 {
        let followers = self
            .clients
            .iter()
            .filter(|client| client.role != Role::Owner && client.role != Role::Stalled && client.next > 0);
        followers.map(|client| (self.rooms[client.room].sent + 1).saturating_sub(client.next)).sum()
    }

    /// Waits for events, at most for `timeout`, and handles them.
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
}
