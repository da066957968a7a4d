//! A connection's own task: it reads what the client sends, and writes what fan-outs have left to
//! it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tracing::{Instrument, Span, debug};

use super::decision::{Asked, Decided};
use super::farewell::say_farewell;
use super::owner_wait::OwnerWait;
use super::read_buffer::with_read_buffer;
use super::state::Sent;
use super::{Connection, Registry};
use crate::fanout::with_send_context;
use crate::services::Services;
use crate::websocket::{Ending, Incoming, Reader};

/// Serves a connection in a task of its own until it ends. `read` holds bytes that were already
/// read from its stream.
///
/// The task and its [`Connection`] are all the memory that a silent client costs. So the task holds
/// nothing that only the end needs.
pub(crate) fn start(connection: Arc<Connection>, registry: Arc<Registry>, read: &mut [u8]) {
    let limit = connection.services.limits.message_bytes;
    let mut task = Task {
        registered: Registered { connection, registry },
        reader: Reader::new(limit),
        was_stopped: false,
        owner_wait: OwnerWait::default(),
        deciding: None,
    };
    task.receive(read);
    let served = async move {
        let ending = poll_fn(|context| task.poll(context)).await;
        debug!(?ending, "connection ends");
        task.connection().services.metrics.connection_closed(ending);
        leave(task.connection());
        // Boxed, so that it needs no memory before the end.
        let Task { registered, reader, .. } = &mut task;
        Box::pin(say_farewell(&registered.connection, reader, ending)).await;
    };
    // A span needs memory, so there is one only where the log shows it.
    let span = Span::current();
    if span.is_none() {
        tokio::spawn(served);
    } else {
        tokio::spawn(served.instrument(span));
    }
}

/// A connection that has a task. However the task ends, this takes the connection out of its room
/// and out of the registry.
struct Registered {
    connection: Arc<Connection>,
    registry: Arc<Registry>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        leave(&self.connection);
        self.registry.remove(&self.connection);
    }
}

/// Takes a connection out of its room. A second call does nothing.
fn leave(connection: &Connection) {
    if let Some(room) = connection.leave() {
        room.serve();
    }
}

/// Finds out what a client is asked about.
type Deciding = Pin<Box<dyn Future<Output = Decided> + Send>>;

fn find_out(services: &Arc<Services>, asked: Asked) -> Deciding {
    let services = Arc::clone(services);
    match asked {
        Asked::Code(code, remote) => Box::pin(async move {
            let now = services.clock.now();
            Decided::Code(code, services.look_up_code(code, remote, now).await)
        }),
        Asked::Entry(entry) => Box::pin(async move {
            let (operation, has_code, remote) = (entry.operation, entry.has_code(), entry.remote);
            let mut decision = services.ask(entry).await;
            let mut reserved = None;
            if decision.is_ok() && has_code {
                match services.reserve_code(remote).await {
                    Ok(code) => reserved = code,
                    Err(refusal) => decision = Err(refusal),
                }
            }
            Decided::Entry { operation, decision, reserved }
        }),
    }
}

struct Task {
    registered: Registered,
    reader: Reader,
    /// The reader was stopped and may hold more messages.
    was_stopped: bool,
    owner_wait: OwnerWait,
    /// Finds out whether the client may enter.
    deciding: Option<Deciding>,
}

impl Task {
    fn connection(&self) -> &Arc<Connection> {
        &self.registered.connection
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Ending> {
        // Registered before anything is read or sent, so that no wake-up is missed.
        self.connection().task.register(context.waker());
        let polled = self.send_and_read(context);
        if polled.is_pending()
            && let Poll::Ready(Err(error)) = self.connection().transport.poll_flush(context)
        {
            debug!(%error, "the connection broke");
            return Poll::Ready(Ending::Gone);
        }
        polled
    }

    fn send_and_read(&mut self, context: &mut Context<'_>) -> Poll<Ending> {
        loop {
            let connection = self.connection();
            let metrics = &connection.services.metrics;
            match with_send_context(metrics, |send_context| connection.send(context, send_context)) {
                Sent::Everything => {}
                Sent::Blocked if connection.transport.poll_writable(context).is_ready() => continue,
                Sent::Blocked => {}
                Sent::More => context.waker().wake_by_ref(),
                Sent::Ended => {
                    let ending = connection.with_state(|state| state.ending()).flatten();
                    return Poll::Ready(ending.unwrap_or(Ending::Gone));
                }
            }
            let may_read = connection.with_state(|state| state.may_read()).unwrap_or(false);
            if !may_read && self.receives_decision(context) {
                continue;
            }
            if !may_read || self.owner_wait.must_wait(&self.registered.connection) {
                return Poll::Pending;
            }
            if self.resumes_reading() {
                continue;
            }
            if ready!(self.read(context)) {
                // Other tasks come first.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    /// Goes on with the client once all is found out that decides whether it may enter. False while
    /// that takes, and if there is nothing to find out.
    fn receives_decision(&mut self, context: &mut Context<'_>) -> bool {
        let connection = &self.registered.connection;
        if self.deciding.is_none() {
            let asked = connection.with_state(|state| state.host.take_asked()).flatten();
            let Some(asked) = asked else { return false };
            connection.activity.set_awaits_decision(true);
            self.deciding = Some(find_out(&connection.services, asked));
        }
        let Some(deciding) = &mut self.deciding else { return false };
        let Poll::Ready(decided) = deciding.as_mut().poll(context) else { return false };
        self.deciding = None;
        connection.activity.note_received(connection.services.clock.now());
        connection.activity.set_awaits_decision(false);
        connection.with_state(|state| state.host.decide(decided));
        self.resumes_reading();
        let connection = self.connection();
        connection.with_state(|state| {
            if state.peer.is_in_room() {
                state.host.forget_request();
                connection.activity.note_entered();
            }
        });
        true
    }

    /// Receives the rest of the previous read, or reads once. True if other tasks should run now:
    /// there may be more to read, or a large room's fan-out has started tasks.
    fn read(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        if std::mem::take(&mut self.was_stopped) {
            self.receive(&mut []);
            return Poll::Ready(true);
        }
        with_read_buffer(|buffer| {
            let capacity = buffer.len();
            match ready!(self.connection().transport.poll_read(context, buffer)) {
                Ok(count @ 1..) => {
                    let has_started_tasks = self.receive(&mut buffer[..count]);
                    return Poll::Ready(has_started_tasks || count == capacity);
                }
                Ok(_) => self.connection().with_state(|state| state.end(Ending::Gone)),
                Err(error) => self.connection().with_state(|state| state.break_off(&error)),
            };
            Poll::Ready(false)
        })
    }

    /// Receives bytes of the client and serves the room. True if that has started tasks.
    fn receive(&mut self, bytes: &mut [u8]) -> bool {
        let connection = &self.registered.connection;
        let now = connection.services.clock.now();
        connection.services.metrics.received_bytes(bytes.len());
        connection.activity.note_received(now);
        let room = connection.with_state(|state| {
            if state.has_incoming() {
                let fed = self.reader.feed(bytes, |incoming| {
                    if matches!(incoming, Incoming::Text(_) | Incoming::Binary(_)) {
                        // Nothing may overtake what the client is answered.
                        state.leave_step(&**connection);
                    }
                    self.was_stopped = !state.receive(&incoming, now);
                    !self.was_stopped
                });
                if let Err(fault) = fed {
                    state.end_with_fault(fault);
                }
            }
            if state.peer.is_in_room() {
                connection.activity.note_entered();
            }
            state.host.room().cloned()
        });
        room.flatten().is_some_and(|room| room.serve())
    }

    /// Receives what was kept while the owner was too fast, and serves the room. False if there was
    /// nothing.
    fn resumes_reading(&mut self) -> bool {
        let connection = self.connection();
        let now = connection.services.clock.now();
        let room = connection.with_state(|state| state.resume_reading(now)).flatten();
        let Some(room) = room else { return false };
        room.serve();
        true
    }
}
