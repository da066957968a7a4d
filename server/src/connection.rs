//! One connection's task: moves bytes between a websocket and its peer, and keeps the time.

use std::time::Duration;

use rtbroadcaster_protocol::{CloseCode, Frame, Next, Peer};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{debug, trace};

use crate::Manager;
use crate::host::ConnectionHost;
use crate::socket::{Ending, Incoming, Socket};

/// Frames that a client is sent before it is listened to again.
const FRAMES_PER_TURN: usize = 16;
/// How long an owner is not read at a time because its room lags. Longer would make a room that stands still for good
/// an owner that does.
const OWNER_WAIT: Duration = Duration::from_secs(10);
/// How often a waiting owner's room is looked at.
const OWNER_WAIT_PAUSE: Duration = Duration::from_millis(5);
/// How long a client may take to be told of a shutdown; after it the websocket is closed.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(1);

/// Serves a websocket until it ends.
pub(crate) async fn serve(manager: Manager, socket: Socket) {
    let mut shutting_down = manager.shutting_down();
    let mut connection = Connection::new(manager.clone(), socket);
    let ended = tokio::select! {
        ending = connection.run() => Some(ending),
        _ = shutting_down.wait_for(|is| *is) => None,
    };
    let ending = match ended {
        Some(ending) => ending,
        None => connection.shut_down().await,
    };
    let Connection { mut peer, mut host, socket, .. } = connection;
    peer.disconnected(manager.now(), &mut host);
    debug!(?ending, "connection ends");
    socket.close(ending).await;
}

struct Connection {
    manager: Manager,
    socket: Socket,
    peer: Peer,
    host: ConnectionHost,
    /// Kept for its memory.
    frame: Frame,
    opened: Instant,
    /// When anything was last heard of the client.
    heard: Instant,
    next_ping: Instant,
    waiting: Waiting,
}

/// Whether an owner waits for its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    No,
    Until(Instant),
    /// It has waited in vain, and does so no more until the room has caught up once.
    Over,
}

impl Connection {
    fn new(manager: Manager, socket: Socket) -> Self {
        let now = Instant::now();
        Self {
            host: ConnectionHost::new(manager.clone()),
            socket,
            peer: Peer::default(),
            frame: Frame::default(),
            opened: now,
            heard: now,
            next_ping: now + Duration::from_millis(manager.settings().limits.ping_interval_ms),
            waiting: Waiting::No,
            manager,
        }
    }

    async fn run(&mut self) -> Ending {
        let deadline = sleep_until(self.deadline());
        tokio::pin!(deadline);
        loop {
            self.host.mark_seen();
            let there_is_more = match self.send(FRAMES_PER_TURN).await {
                Ok(there_is_more) => there_is_more,
                Err(ending) => return ending,
            };
            if deadline.deadline() != self.deadline() {
                deadline.as_mut().reset(self.deadline());
            }
            let is_waiting = self.look_at_room();
            if Instant::now() >= self.deadline()
                && let Err(ending) = self.keep_time().await
            {
                return ending;
            }
            tokio::select! {
                // Reading comes first, so that a client that is always behind is still heard.
                biased;
                incoming = self.socket.receive(), if !is_waiting => match incoming {
                    Ok(incoming) => self.receive(&incoming),
                    Err(ending) => return ending,
                },
                () = self.host.changed(self.peer.is_owner()) => {}
                () = &mut deadline => {}
                () = tokio::time::sleep(OWNER_WAIT_PAUSE), if is_waiting => {}
                () = std::future::ready(()), if there_is_more => {}
            }
        }
    }

    /// Tells the client to come back, if it takes that in the time there is.
    async fn shut_down(&mut self) -> Ending {
        self.peer.shut_down(self.manager.settings().limits.return_window_ms);
        // One frame with the farewell; after it the peer says that it is to be closed.
        match timeout(FAREWELL_TIMEOUT, self.send(2)).await {
            Ok(Err(ending)) => ending,
            Ok(Ok(_)) | Err(_) => Ending::Policy(CloseCode::ShuttingDown),
        }
    }

    fn receive(&mut self, incoming: &Incoming) {
        self.heard = Instant::now();
        let Incoming::Text(text) = incoming else { return };
        trace!(bytes = text.len(), "frame received");
        let now = self.manager.now();
        self.peer.receive_frame(text, now, &mut self.host);
    }

    /// Sends what there is for this client, but no more than so many frames. True if there may be more.
    async fn send(&mut self, frames: usize) -> Result<bool, Ending> {
        for _ in 0..frames {
            match self.peer.next(&mut self.frame, &mut self.host) {
                Next::Send => self.socket.send(&self.frame).await?,
                Next::Wait => return Ok(false),
                Next::Close(code) => return Err(Ending::Policy(code)),
            }
        }
        Ok(true)
    }

    /// Whether this is an owner whose socket is not to be read now.
    fn look_at_room(&mut self) -> bool {
        let again = self.waiting != Waiting::No;
        let lags = self.peer.is_to_wait(again, &mut self.host);
        self.waiting = match self.waiting {
            _ if !lags => Waiting::No,
            Waiting::No => Waiting::Until(Instant::now() + OWNER_WAIT),
            Waiting::Until(end) if Instant::now() >= end => Waiting::Over,
            unchanged => unchanged,
        };
        let is_waiting = matches!(self.waiting, Waiting::Until(_));
        if is_waiting {
            // Whoever isn't listened to is not silent.
            self.heard = Instant::now();
        }
        is_waiting
    }

    /// When there is something to be done even if nothing happens.
    fn deadline(&self) -> Instant {
        let next = self.next_ping.min(self.idle_at());
        if self.peer.is_in_room() { next } else { next.min(self.handshake_at()) }
    }

    fn idle_at(&self) -> Instant {
        self.heard + Duration::from_millis(self.manager.settings().limits.idle_timeout_ms)
    }

    fn handshake_at(&self) -> Instant {
        self.opened + Duration::from_millis(self.manager.settings().limits.handshake_timeout_ms)
    }

    async fn keep_time(&mut self) -> Result<(), Ending> {
        let now = Instant::now();
        if !self.peer.is_in_room() && now >= self.handshake_at() {
            return Err(Ending::Policy(CloseCode::HandshakeTimeout));
        }
        if now >= self.idle_at() {
            return Err(Ending::Policy(CloseCode::IdleTimeout));
        }
        if now >= self.next_ping {
            let limits = &self.manager.settings().limits;
            self.next_ping = now + Duration::from_millis(limits.ping_interval_ms);
            self.socket.ping().await?;
        }
        Ok(())
    }
}
