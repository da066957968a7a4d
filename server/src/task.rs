//! A connection's own task: reads what the client says, and goes on sending where others were told to stop.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rtbroadcaster_protocol::{Lag, Timestamp};
use tokio::time::{sleep, timeout};
use tracing::{Instrument, Span, debug};

use crate::connection::Connection;
use crate::line::Sent;
use crate::scratch::{with_buffer, with_frame};
use crate::websocket::{Ending, Incoming, Reader};

/// How long an owner waits for a room that lags as a whole. Longer would make a room that stands still for good an
/// owner that does.
const WAIT_FOR_MOST: Duration = Duration::from_secs(10);
/// How long for a few who kept up until a moment ago: enough for a ring to cross a busy network, too short to be
/// noticed.
const WAIT_FOR_SOME: Duration = Duration::from_millis(500);
/// How long the client may take to answer our close, and to take what we wrote before it. Together with the rest of a
/// shutdown it must stay under 5 s.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves a websocket until it ends, in a task of its own. `read` was read of it already.
///
/// That task is all the memory that a silent connection takes beside its [`Connection`], so nothing is kept in it that
/// isn't needed before the end.
pub(crate) fn start(connection: Arc<Connection>, read: &mut [u8]) {
    let present = Present(connection);
    let limit = present.0.manager().settings().limits.message_bytes;
    let mut task = Task { connection: present, reader: Reader::new(limit), wait: None };
    task.receive(read);
    let served = async move {
        let ending = poll_fn(|context| task.poll(context)).await;
        debug!(?ending, "connection ends");
        leave(&task.connection.0);
        // Boxed, so that it takes no memory before.
        Box::pin(task.say_farewell(ending)).await;
    };
    // Only where somebody looks at the log is its memory spent.
    let span = Span::current();
    if span.is_none() {
        tokio::spawn(served);
    } else {
        tokio::spawn(served.instrument(span));
    }
}

/// A connection that has a task. However that ends, the connection isn't in its room any more.
struct Present(Arc<Connection>);

impl Drop for Present {
    fn drop(&mut self) {
        leave(&self.0);
        self.0.manager().forget(&self.0);
    }
}

/// Takes a connection out of its room, once.
fn leave(connection: &Connection) {
    let now = connection.manager().now();
    let handle = connection.with_line(|line| {
        line.rise(connection);
        line.peer.disconnected(now, &mut line.host);
        line.host.handle().cloned()
    });
    if let Some(handle) = handle.flatten() {
        handle.serve();
    }
}

struct Task {
    connection: Present,
    reader: Reader,
    /// Why this owner waits for its room, and until when.
    wait: Option<(Lag, Timestamp)>,
}

impl Task {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Ending> {
        // Before anything is looked at, so that no call to look again is missed.
        self.connection.0.task().register(context.waker());
        let polled = self.send_and_read(context);
        if polled.is_pending() && self.connection.0.transport().flush(context).is_err() {
            return Poll::Ready(Ending::Gone);
        }
        polled
    }

    fn send_and_read(&mut self, context: &mut Context<'_>) -> Poll<Ending> {
        loop {
            let sent = with_frame(|frame| self.connection.0.send(Some(context), frame));
            let may_read = match sent {
                Sent::Everything => true,
                Sent::Blocked { .. } if self.connection.0.transport().poll_writable(context).is_ready() => {
                    continue;
                }
                Sent::Blocked { with_answers } => !with_answers,
                Sent::More => {
                    context.waker().wake_by_ref();
                    true
                }
                Sent::Ended => {
                    let ending = self.connection.0.with_line(|line| line.ending()).flatten();
                    return Poll::Ready(ending.unwrap_or(Ending::Gone));
                }
            };
            if !may_read || self.is_to_wait() {
                return Poll::Pending;
            }
            if ready!(self.read(context)) {
                // Rounds of a large room have begun: they come before the owner's next actions.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    /// Reads once. True if that started tasks.
    fn read(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        with_buffer(|buffer| {
            let read = ready!(self.connection.0.transport().poll_read(context, buffer));
            let bytes = read.ok().and_then(|count| buffer.get_mut(..count)).unwrap_or_default();
            if bytes.is_empty() {
                self.connection.0.with_line(|line| line.end(Ending::Gone));
                return Poll::Ready(false);
            }
            Poll::Ready(self.receive(bytes))
        })
    }

    /// Takes what was read, and serves the room. True if that started tasks.
    fn receive(&mut self, bytes: &mut [u8]) -> bool {
        let now = self.connection.0.manager().now();
        self.connection.0.note_heard(now);
        let room = self.connection.0.with_line(|line| {
            if let Err(fault) = self.reader.feed(bytes, |incoming| line.take(&incoming, now)) {
                line.end_with_fault(fault);
            }
            if line.peer.is_in_room() {
                self.connection.0.note_entered();
            }
            line.host.handle().cloned()
        });
        room.flatten().is_some_and(|room| room.serve())
    }

    /// Whether this is an owner whose socket is not to be read now.
    fn is_to_wait(&mut self) -> bool {
        let now = self.connection.0.manager().now();
        let wait = self.wait;
        let lag = self.connection.0.with_line(|line| {
            if wait.is_some_and(|(_, end)| now >= end) {
                line.peer.give_up_on_laggards(&mut line.host);
            }
            let lag = line.peer.lag(wait.is_some(), now, &mut line.host);
            if lag == Lag::No && wait.is_none() {
                return lag;
            }
            if let Some(handle) = line.host.handle() {
                handle.set_owner_waits(lag != Lag::No);
            }
            // What was taken between the look and the note has woken nobody.
            if lag == Lag::No { lag } else { line.peer.lag(true, now, &mut line.host) }
        });
        self.wait = match lag.unwrap_or(Lag::No) {
            Lag::No => None,
            // A wait of the same kind goes on.
            lag if wait.is_some_and(|(reason, _)| reason == lag) => wait,
            Lag::Some => Some((Lag::Some, self.wait_until(now, WAIT_FOR_SOME))),
            Lag::Most => Some((Lag::Most, self.wait_until(now, WAIT_FOR_MOST))),
        };
        self.connection.0.set_waiting(self.wait.is_some());
        self.wait.is_some()
    }

    /// Has the task look again when the wait is over, if nothing else has it look before.
    fn wait_until(&self, now: Timestamp, pause: Duration) -> Timestamp {
        let connection = Arc::downgrade(&self.connection.0);
        tokio::spawn(async move {
            sleep(pause).await;
            connection.upgrade().inspect(|connection| connection.wake());
        });
        now.after(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX))
    }

    /// Says why the connection ends, and waits a little for the client to have heard it. A connection that is dropped
    /// while the client still sends is reset by the kernel, and the reset overtakes what we said last.
    async fn say_farewell(&mut self, ending: Ending) {
        let farewell = farewell(&self.connection.0, &mut self.reader, ending);
        // A client that doesn't answer is left without one: there is nothing else to tell it.
        drop(timeout(CLOSE_TIMEOUT, farewell).await);
    }
}

async fn farewell(connection: &Connection, reader: &mut Reader, ending: Ending) {
    let Some(close) = ending.close_frame() else { return };
    connection.with_line(|line| line.begin_close(close));
    let flushed = poll_fn(|context| {
        loop {
            match connection.with_line(|line| line.flush(connection, Some(context))) {
                Some(Ok(true)) => return Poll::Ready(connection.transport().flush(context).is_ok()),
                Some(Ok(false)) => ready!(connection.transport().poll_writable(context)),
                Some(Err(_)) | None => return Poll::Ready(false),
            }
        }
    });
    if !flushed.await {
        return;
    }
    if !matches!(ending, Ending::Policy(_)) {
        // Nothing of what comes now counts, but it is taken until the client ends too.
        let shut_down = poll_fn(|context| connection.transport().poll_shutdown(context));
        if shut_down.await.is_err() {
            return;
        }
    }
    let is_fault = matches!(ending, Ending::Fault(..));
    poll_fn(|context| {
        with_buffer(|buffer| {
            loop {
                let Ok(count @ 1..) = ready!(connection.transport().poll_read(context, buffer)) else {
                    return Poll::Ready(());
                };
                let mut has_answered = false;
                let fed = reader.feed(&mut buffer[..count], |incoming| {
                    has_answered |= matches!(incoming, Incoming::Close(_));
                });
                // After a fault what comes can't be read as frames.
                if !is_fault && (has_answered || fed.is_err()) {
                    return Poll::Ready(());
                }
            }
        })
    })
    .await;
}
