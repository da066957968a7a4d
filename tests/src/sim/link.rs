//! One connection on the virtual network: frames in order, each under way for a while, and two ends.

use std::collections::VecDeque;

use rtbroadcaster_protocol::{Limits, Peer, RoomId, Timestamp};

/// Frames to a page that are under way at most; with more the server waits before it serves this connection again.
const DOWN_FRAMES: usize = 2;

/// How fast a large frame travels to a page.
const BYTES_PER_MS: u64 = 4_000;

/// Names a connection.
pub(super) type LinkId = u64;

/// What travels to the server.
#[derive(Debug)]
pub(super) enum Up {
    Open,
    Text(String),
    Pong,
    Closed,
}

/// What travels to a page.
#[derive(Debug)]
pub(super) enum Down {
    Opened,
    Text(String),
    Ping,
    Closed(u16),
}

/// One direction.
#[derive(Debug)]
pub(super) struct Pipe<T> {
    frames: VecDeque<(Timestamp, T)>,
}

impl<T> Pipe<T> {
    fn new() -> Self {
        Self { frames: VecDeque::new() }
    }

    /// Nothing overtakes anything.
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
    opened: Timestamp,
    pub(super) heard: Timestamp,
    pub(super) next_ping: Timestamp,
    /// Since when the page takes nothing.
    blocked: Option<Timestamp>,
    /// Something came in since it was served last.
    pub(super) is_due: bool,
    /// The room's version when it was served last.
    pub(super) version: u64,
    /// The room's head when it had first been served everything: what came later was live.
    pub(super) live_from: Option<u64>,
    /// The room's head when it was last served everything.
    pub(super) served_head: u64,
    /// Whether it may have been further behind than the ring reaches.
    pub(super) fell_behind: bool,
    /// How many frames it was sent since anything has happened.
    pub(super) frames: u32,
    /// What an owner said that was too fast: the rest of a frame.
    pub(super) unread: String,
}

impl Served {
    pub(super) fn new(now: Timestamp, limits: &Limits) -> Self {
        Self {
            peer: Peer::default(),
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
        }
    }

    pub(super) fn room(&self) -> Option<RoomId> {
        self.peer.room()
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

    /// When the server does something about this connection by itself.
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
    pub(super) up: Pipe<Up>,
    pub(super) down: Pipe<Down>,
    /// The server's end, once it has accepted and until it has closed.
    pub(super) served: Option<Served>,
    /// Whether the page still looks at its end.
    pub(super) is_looked_at: bool,
    /// Whether frames get through.
    pub(super) is_broken: bool,
}

impl Link {
    pub(super) fn new(page: usize, is_broken: bool) -> Self {
        Self { page, up: Pipe::new(), down: Pipe::new(), served: None, is_looked_at: true, is_broken }
    }

    /// The next frame of the page that has arrived, if it is listened to.
    pub(super) fn receive(&mut self, now: Timestamp) -> Option<Up> {
        let is_paused = self.served.as_ref().is_some_and(|served| served.peer.pause(now).is_some());
        if is_paused { None } else { self.up.receive(now) }
    }

    /// When it is to be looked for the next frame of the page.
    pub(super) fn next_arrival_up(&self, now: Timestamp) -> Option<Timestamp> {
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

    /// From now on nothing gets through, and what was under way is lost.
    pub(super) fn break_off(&mut self) {
        self.is_broken = true;
        self.up.frames.clear();
        self.down.frames.clear();
    }

    /// Whether the page's side takes another frame; notes since when it doesn't.
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
