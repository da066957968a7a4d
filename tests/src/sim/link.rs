//! One connection on the virtual network: frames that arrive in order after a while, and two ends.

use std::collections::VecDeque;

use rtbroadcaster_protocol::{Limits, Peer, RefusalCode, RoomId, Standing, Timestamp};

/// The most frames on their way to a page. The server serves the connection again when there are
/// fewer.
const DOWN_FRAMES: usize = 2;

/// How fast a large frame travels to a page.
const BYTES_PER_MS: u64 = 4_000;

/// Names a connection.
pub(super) type LinkId = u64;

/// A frame or event on its way to the server.
#[derive(Debug)]
pub(super) enum Up {
    Open,
    Text(String),
    Pong,
    Closed,
}

/// A frame or event on its way to a page.
#[derive(Debug)]
pub(super) enum Down {
    Opened,
    Text(String),
    Ping,
    Closed(u16),
}

/// One direction of a connection.
#[derive(Debug)]
pub(super) struct Pipe<T> {
    frames: VecDeque<(Timestamp, T)>,
}

impl<T> Pipe<T> {
    fn new() -> Self {
        Self { frames: VecDeque::new() }
    }

    /// Sends a frame, which overtakes no other.
    fn send(&mut self, arrives: Timestamp, takes_ms: u64, frame: T) {
        let begins = self.frames.back().map_or(arrives, |(last, _)| arrives.max(*last));
        self.frames.push_back((begins.after(takes_ms), frame));
    }

    pub(super) fn next_arrival(&self) -> Option<Timestamp> {
        self.frames.front().map(|(arrives, _)| *arrives)
    }

    pub(super) fn peek(&self) -> Option<&T> {
        self.frames.front().map(|(_, frame)| frame)
    }

    pub(super) fn receive(&mut self, now: Timestamp) -> Option<T> {
        if self.next_arrival()? > now {
            return None;
        }
        self.frames.pop_front().map(|(_, frame)| frame)
    }
}

/// The server's end.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) peer: Peer,
    /// How far it is, while it is in step with other followers.
    pub(super) in_step: Option<Standing>,
    opened: Timestamp,
    pub(super) heard: Timestamp,
    pub(super) next_ping: Timestamp,
    /// The page has received nothing since this moment.
    blocked: Option<Timestamp>,
    /// Something has come in since the connection was served last.
    pub(super) is_due: bool,
    /// The room's version when the connection was served last.
    pub(super) version: u64,
    /// The room's head when the connection had been served everything for the first time. Later
    /// actions were live.
    pub(super) live_from: Option<u64>,
    /// The room's head when the connection had been served everything for the last time.
    pub(super) served_head: u64,
    /// Whether the connection may have been further behind than the ring reaches.
    pub(super) fell_behind: bool,
    /// How many frames the server has sent to it since anything has happened.
    pub(super) frames: u32,
    /// The unread rest of a frame: of an owner that was too fast, or of a client that waits until
    /// the server has the room.
    pub(super) unread: String,
    /// The room that such a client waits for, and the seq up to which it has it.
    pub(super) awaits: Option<(RoomId, Option<u64>)>,
    /// What was decided about a client that has waited for that.
    pub(super) entry: Option<Result<(), RefusalCode>>,
}

impl Served {
    pub(super) fn new(now: Timestamp, limits: &Limits) -> Self {
        Self {
            peer: Peer::default(),
            in_step: None,
            opened: now,
            heard: now,
            next_ping: now.after(limits.ping_interval_ms),
            blocked: None,
            is_due: false,
            version: 0,
            live_from: None,
            served_head: 0,
            fell_behind: false,
            frames: 0,
            unread: String::new(),
            awaits: None,
            entry: None,
        }
    }

    pub(super) fn room(&self) -> Option<RoomId> {
        self.peer.room()
    }

    /// Whether the server doesn't read from the connection now.
    fn is_paused(&self, now: Timestamp) -> bool {
        self.peer.pause(now).is_some() || self.peer.awaits_entry()
    }

    pub(super) fn handshake_at(&self, limits: &Limits) -> Option<Timestamp> {
        (!self.peer.is_in_room()).then(|| self.opened.after(limits.handshake_timeout_ms))
    }

    pub(super) fn idle_at(&self, limits: &Limits) -> Timestamp {
        self.heard.after(limits.idle_timeout_ms)
    }

    pub(super) fn stalled_at(&self, limits: &Limits) -> Option<Timestamp> {
        self.blocked.map(|since| since.after(limits.stall_timeout_ms))
    }

    /// The next moment at which the server does something for this connection by itself.
    pub(super) fn deadline(&self, limits: &Limits) -> Timestamp {
        let earliest = self.next_ping.min(self.idle_at(limits));
        [self.handshake_at(limits), self.stalled_at(limits)]
            .into_iter()
            .flatten()
            .fold(earliest, Timestamp::min)
    }
}

/// A connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) page: usize,
    /// The server that it leads to.
    pub(super) server: usize,
    pub(super) up: Pipe<Up>,
    pub(super) down: Pipe<Down>,
    /// The server's end, from its accept until its close.
    pub(super) served: Option<Served>,
    /// Whether the page still reads from its end.
    pub(super) is_looked_at: bool,
    /// Whether frames get through.
    pub(super) is_broken: bool,
}

impl Link {
    pub(super) fn new(page: usize, server: usize) -> Self {
        let (up, down) = (Pipe::new(), Pipe::new());
        Self { page, server, up, down, served: None, is_looked_at: true, is_broken: false }
    }

    /// The page's next frame that has arrived, if the server reads from the connection now.
    pub(super) fn receive(&mut self, now: Timestamp) -> Option<Up> {
        let is_paused = self.served.as_ref().is_some_and(|served| served.is_paused(now));
        if is_paused { None } else { self.up.receive(now) }
    }

    /// The moment at which the server can read the page's next frame.
    pub(super) fn next_arrival_up(&self, now: Timestamp) -> Option<Timestamp> {
        if self.served.as_ref().is_some_and(|served| served.peer.awaits_entry()) {
            return None;
        }
        match self.served.as_ref().and_then(|served| served.peer.pause(now)) {
            None => self.up.next_arrival(),
            Some(pause) => Some(now.after(pause.milliseconds())),
        }
    }

    pub(super) fn send_up(&mut self, arrives: Timestamp, frame: Up) {
        if !self.is_broken {
            self.up.send(arrives, 0, frame);
        }
    }

    pub(super) fn send_down(&mut self, arrives: Timestamp, frame: Down) {
        let bytes = if let Down::Text(text) = &frame { text.len() as u64 } else { 0 };
        if !self.is_broken {
            self.down.send(arrives, bytes / BYTES_PER_MS, frame);
        }
    }

    /// Breaks the connection: nothing gets through from now on, and frames on their way are lost.
    pub(super) fn break_off(&mut self) {
        self.is_broken = true;
        self.up.frames.clear();
        self.down.frames.clear();
    }

    /// Whether the page's side accepts another frame. If not, this keeps the moment since when.
    pub(super) fn takes_more(&mut self, now: Timestamp) -> bool {
        let takes = self.down.frames.len() < DOWN_FRAMES;
        if let Some(served) = &mut self.served {
            served.blocked = if takes { None } else { Some(served.blocked.unwrap_or(now)) };
        }
        takes
    }

    pub(super) fn is_over(&self) -> bool {
        self.served.is_none() && !self.is_looked_at
    }
}
