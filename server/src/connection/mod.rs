//! One connection: what its own task, its room's rounds and the sweep share of it.

pub(crate) mod events;
pub(crate) mod framing;
pub(crate) mod host;
pub(crate) mod state;
pub(crate) mod sweep;
pub(crate) mod task;
pub(crate) mod thread_buffers;
pub(crate) mod transport;
pub(crate) mod websocket;

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Context;

use futures_util::task::AtomicWaker;
use rtbroadcaster_protocol::{CloseCode, Timestamp};

use crate::Manager;
use crate::admission::Admission;
use crate::connection::framing::Framing;
use crate::connection::host::ConnectionHost;
use crate::connection::state::{ConnectionState, Sent};
use crate::connection::thread_buffers::SendContext;
use crate::connection::transport::Transport;
use crate::connection::websocket::Ending;
use crate::fanout::shared_room::SharedRoom;

/// No time: it isn't blocked.
const NEVER: u64 = u64::MAX;

/// A websocket or a stream of events, and what is known of its client.
///
/// Whoever has something for a client sends it: the task that appended an action, for a whole room of followers. The
/// connection's own task reads, and goes on sending where somebody else was told that the client takes no more.
pub(crate) struct Connection {
    manager: Manager,
    transport: Transport,
    /// The right to be here.
    _admission: Admission,
    line: Mutex<ConnectionState>,
    /// Where it stands among all [`Connections`](crate::connection::sweep::Connections).
    entry: AtomicUsize,
    /// Where it sits in its list of [`Subscribers`](crate::fanout::subscribers::Subscribers), which alone changes it.
    place: AtomicUsize,
    opened: Timestamp,
    has_entered: AtomicBool,
    /// Its owner isn't read, because the room lags.
    is_waiting: AtomicBool,
    /// A round had an action for it that its own task is to write.
    is_passed_over: AtomicBool,
    /// When anything was last heard of the client.
    heard: AtomicU64,
    pinged: AtomicU64,
    /// Since when the client takes nothing.
    blocked: AtomicU64,
    task: AtomicWaker,
}

impl Connection {
    pub(crate) fn new(
        manager: Manager,
        remote: Option<IpAddr>,
        transport: Transport,
        admission: Admission,
        framing: Framing,
    ) -> Self {
        let now = manager.now();
        Self {
            line: Mutex::new(ConnectionState::new(ConnectionHost::new(manager.clone(), remote), framing)),
            transport,
            _admission: admission,
            entry: AtomicUsize::new(0),
            place: AtomicUsize::new(0),
            opened: now,
            has_entered: AtomicBool::new(false),
            is_waiting: AtomicBool::new(false),
            is_passed_over: AtomicBool::new(false),
            heard: AtomicU64::new(now.0),
            pinged: AtomicU64::new(now.0),
            blocked: AtomicU64::new(NEVER),
            task: AtomicWaker::new(),
            manager,
        }
    }

    pub(crate) fn manager(&self) -> &Manager {
        &self.manager
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The waker of its own task.
    pub(crate) fn task(&self) -> &AtomicWaker {
        &self.task
    }

    /// Has its own task look at it.
    pub(crate) fn wake(&self) {
        self.task.wake();
    }

    pub(crate) fn entry(&self) -> usize {
        self.entry.load(Ordering::Relaxed)
    }

    pub(crate) fn set_entry(&self, entry: usize) {
        self.entry.store(entry, Ordering::Relaxed);
    }

    pub(crate) fn place(&self) -> usize {
        self.place.load(Ordering::Relaxed)
    }

    pub(crate) fn set_place(&self, place: usize) {
        self.place.store(place, Ordering::Relaxed);
    }

    pub(crate) fn set_waiting(&self, is_waiting: bool) {
        self.is_waiting.store(is_waiting, Ordering::Relaxed);
    }

    /// Does something with its line. Nothing if a panic, a bug of ours, has left it half changed; it ends then.
    pub(crate) fn with_state<R>(&self, act: impl FnOnce(&mut ConnectionState) -> R) -> Option<R> {
        self.line.lock().ok().map(|mut line| act(&mut line))
    }

    /// Takes it out of its room, however its line was left. What was in the room is to be served then.
    pub(crate) fn leave(&self) -> Option<Arc<SharedRoom>> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let line = &mut *line;
        line.unsubscribe(self);
        line.peer.disconnected(self.manager.now(), &mut line.host);
        line.host.handle().cloned()
    }

    /// Sends what there is for the client. Only its own task has a context, and is woken when more is taken; whoever
    /// else calls this wakes that task if not everything was sent.
    pub(crate) fn send(
        self: &Arc<Self>,
        mut context: Option<&mut Context<'_>>,
        sending: &mut SendContext,
    ) -> Sent {
        self.with_state(|line| {
            loop {
                match line.send(self, context.as_deref_mut(), sending) {
                    Sent::Everything if line.subscribe(self) => {}
                    Sent::Everything => return Sent::Everything,
                    sent => {
                        line.unsubscribe(self);
                        return sent;
                    }
                }
            }
        })
        .unwrap_or(Sent::Ended)
    }

    /// Ends it.
    pub(crate) fn end(&self, ending: Ending) {
        self.with_state(|line| line.end(ending));
        self.wake();
    }

    /// Tells the client to come back to another server, or to this one when it is there again.
    pub(crate) fn shut_down(&self) {
        let return_window_ms = self.manager.settings().limits.return_window_ms;
        self.with_state(|line| line.peer.shut_down(return_window_ms));
        self.wake();
    }

    /// A round leaves it to its own task, with an action or without.
    pub(crate) fn note_passed_over(&self, with_action: bool) {
        if with_action && !self.transport.is_written_by_all() {
            self.is_passed_over.store(true, Ordering::Relaxed);
        }
    }

    /// Its own task has written all that there is: what a round counts for those that it writes to.
    pub(crate) fn note_written(&self) {
        if self.is_passed_over.load(Ordering::Relaxed) {
            self.is_passed_over.store(false, Ordering::Relaxed);
            if let Some(room) = self.with_state(|line| line.host.handle().cloned()).flatten() {
                room.note_written();
            }
        }
    }

    /// Something was heard of the client.
    pub(crate) fn note_heard(&self, now: Timestamp) {
        self.heard.store(now.0, Ordering::Relaxed);
    }

    /// The client was let into a room.
    pub(crate) fn note_entered(&self) {
        self.has_entered.store(true, Ordering::Relaxed);
    }

    /// The client takes no more now.
    pub(crate) fn note_blocked(&self) {
        // Since when it does is what counts. Only whoever has locked the line comes here.
        if self.blocked.load(Ordering::Relaxed) == NEVER {
            self.blocked.store(self.manager.now().0, Ordering::Relaxed);
        }
    }

    /// The client has taken something after all: it is slow, not gone.
    pub(crate) fn note_taken(&self) {
        if self.blocked.load(Ordering::Relaxed) != NEVER {
            let now = self.manager.now();
            self.blocked.store(now.0, Ordering::Relaxed);
            self.note_heard(now);
        }
    }

    /// Nothing is left to be taken.
    pub(crate) fn note_unblocked(&self) {
        self.blocked.store(NEVER, Ordering::Relaxed);
    }

    /// Looks what is due: a ping, or the end of a client that is silent or takes nothing.
    pub(crate) fn keep_time(self: &Arc<Self>, now: Timestamp, sending: &mut SendContext) {
        let limits = &self.manager.settings().limits;
        if self.is_waiting.load(Ordering::Relaxed) {
            // Whoever isn't listened to is not silent; and its task looks whether it has waited long enough.
            self.note_heard(now);
            self.wake();
        }
        let since = |moment: &AtomicU64| now.since(Timestamp(moment.load(Ordering::Relaxed)));
        let handshake_is_over = now.since(self.opened) >= limits.handshake_timeout_ms;
        if handshake_is_over && !self.has_entered.load(Ordering::Relaxed) {
            self.end(Ending::Policy(CloseCode::HandshakeTimeout));
        } else if since(&self.heard) >= limits.idle_timeout_ms {
            self.end(Ending::Policy(CloseCode::IdleTimeout));
        } else if since(&self.blocked) >= limits.stall_timeout_ms {
            self.end(Ending::Policy(CloseCode::TooSlow));
        } else if since(&self.pinged) >= limits.ping_interval_ms {
            self.pinged.store(now.0, Ordering::Relaxed);
            self.with_state(ConnectionState::ping);
            if self.send(None, sending) != Sent::Everything {
                self.wake();
            }
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its line leads to its room, and that to all its connections.
        formatter.debug_struct("Connection").finish_non_exhaustive()
    }
}
