//! One connection, as its own task, its room's fan-outs and the sweep share it.

mod activity;
mod decision;
mod farewell;
mod framing;
mod host;
mod http_stream;
mod owner_wait;
mod read_buffer;
mod registry;
mod state;
mod sweep;
mod task;
mod transport;
mod unsent;

use std::fmt;
use std::io::{self, IoSlice};
#[cfg(unix)]
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Context;

use futures_util::task::AtomicWaker;
use rtbroadcaster_protocol::Timestamp;

use crate::admission::Admission;
use crate::fanout::{SendContext, Subscriber};
use crate::services::Services;
use crate::shared_room::SharedRoom;

use crate::websocket::Ending;
use activity::{Activity, Due};
use state::Sent;

pub(crate) use framing::{EventFraming, Framing};
pub(crate) use host::ConnectionHost;
pub(crate) use http_stream::upgraded_transport;
pub use http_stream::{HttpStream, Takeover};
pub(crate) use owner_wait::{WAIT_FOR_MOST, WAIT_FOR_SOME};
pub(crate) use read_buffer::with_read_buffer;
pub(crate) use registry::Registry;
pub(crate) use state::ConnectionState;
pub(crate) use sweep::sweep;
pub(crate) use task::start;
pub(crate) use transport::Transport;

/// A websocket or a stream of events, with the state and the activity of its client.
///
/// Any thread that has something for the client may write to it. So the thread that appends an
/// action serves a whole room of followers. The connection's own task reads. It also writes what a
/// client was too slow to take from another thread.
pub(crate) struct Connection {
    services: Arc<Services>,
    transport: Transport,
    /// Frees one connection of the server's limits when it is dropped.
    _admission: Admission,
    state: Mutex<ConnectionState>,
    activity: Activity,
    /// Its index in the [`Registry`].
    registry_index: AtomicUsize,
    /// Its index in its chunk of its room's subscribers.
    subscriber_index: AtomicUsize,
    task: AtomicWaker,
}

impl Connection {
    pub(crate) fn new(state: ConnectionState, transport: Transport, admission: Admission) -> Self {
        let services = Arc::clone(state.host.services());
        Self {
            state: Mutex::new(state),
            activity: Activity::new(services.clock.now()),
            transport,
            _admission: admission,
            registry_index: AtomicUsize::new(0),
            subscriber_index: AtomicUsize::new(0),
            task: AtomicWaker::new(),
            services,
        }
    }

    /// Wakes the connection's own task to look for news.
    pub(crate) fn wake(&self) {
        self.task.wake();
    }

    /// Calls `act` with the state. None if a panic, which is a bug of ours, has left the state half
    /// changed; the connection then ends.
    pub(crate) fn with_state<R>(&self, act: impl FnOnce(&mut ConnectionState) -> R) -> Option<R> {
        self.state.lock().ok().map(|mut state| act(&mut state))
    }

    /// Ends the connection.
    pub(crate) fn end(&self, ending: Ending) {
        self.with_state(|state| state.end(ending));
        self.wake();
    }

    /// Tells the client to come back: to another server, or to this one once it runs again.
    pub(crate) fn shut_down(&self) {
        let return_window_ms = self.services.limits.return_window_ms;
        self.with_state(|state| state.peer.shut_down(return_window_ms));
        self.wake();
    }

    /// Takes the connection out of its room, even if a panic has left the state half changed. The
    /// caller must serve the returned room.
    fn leave(&self) -> Option<Arc<SharedRoom>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        state.unsubscribe(self);
        state.peer.disconnected(self.services.clock.now(), &mut state.host);
        state.host.room().cloned()
    }

    /// Sends all there is for the client, and subscribes the connection once the client has
    /// everything. With the context of the connection's own task, that task is woken when the
    /// client takes more bytes.
    fn send(self: &Arc<Self>, context: &mut Context<'_>, send_context: &mut SendContext) -> Sent {
        self.with_state(|state| {
            if !state.has_own_turn() {
                return Sent::Everything;
            }
            state.leave_step(&**self);
            loop {
                match state.send(&self.transport, &self.activity, Some(context), send_context) {
                    Sent::Everything if state.subscribe(self) => {}
                    Sent::Everything => {
                        state.get_in_step(&**self);
                        return Sent::Everything;
                    }
                    sent => {
                        state.unsubscribe(&**self);
                        return sent;
                    }
                }
            }
        })
        .unwrap_or(Sent::Ended)
    }

    /// Does what is due: sends a ping, or ends a client that is silent or takes no bytes.
    fn handle_due(&self, now: Timestamp, context: &mut SendContext) {
        if self.activity.owner_waits() {
            // A client that isn't read is not silent. Its task checks whether it has waited long
            // enough.
            self.activity.note_received(now);
            self.wake();
        }
        match self.activity.take_due(now, &self.services.limits) {
            Some(Due::End(code)) => self.end(Ending::Policy(code)),
            Some(Due::Ping) => {
                self.with_state(ConnectionState::ping);
                if !self.deliver(context) {
                    self.wake();
                }
            }
            None => {}
        }
    }
}

// SAFETY: the transport is a field of its own, never taken out and never replaced. A transport over
// a socket keeps that socket open until it is dropped.
#[expect(unsafe_code, reason = "the trait asks for a promise")]
unsafe impl Subscriber for Connection {
    #[cfg(unix)]
    fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.transport.socket()
    }

    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.transport.write(None, slices)
    }

    fn deliver(&self, context: &mut SendContext) -> bool {
        let delivered = self.with_state(|state| {
            state.leave_step(self);
            if state.send(&self.transport, &self.activity, None, context) == Sent::Everything {
                state.get_in_step(self);
            } else {
                state.unsubscribe(self);
            }
            // False until its own task has subscribed it.
            state.is_subscribed()
        });
        delivered.unwrap_or(false)
    }

    fn wake(&self) {
        Self::wake(self);
    }

    fn index(&self) -> usize {
        self.subscriber_index.load(Ordering::Relaxed)
    }

    fn set_index(&self, index: usize) {
        self.subscriber_index.store(index, Ordering::Relaxed);
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The state leads to the room, and the room to all its connections.
        formatter.debug_struct("Connection").finish_non_exhaustive()
    }
}
