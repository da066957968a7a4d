//! A connection's own task: reads what the client says, and goes on sending where others were told to stop.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rtbroadcaster_protocol::{Lag, Timestamp};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::{Instrument, Span, debug};

use crate::connection::Connection;
use crate::connection::state::Sent;
use crate::connection::thread_buffers::{with_buffer, with_send_context};
use crate::connection::websocket::{Ending, Incoming, Reader};

/// How long an owner waits for a room that lags as a whole. Longer would make a room that stands still for good an
/// owner that does.
pub(crate) const WAIT_FOR_MOST: Duration = Duration::from_secs(10);
/// How long for a few who kept up until a moment ago: enough for a ring to cross a busy network, too short to be
/// noticed.
pub(crate) const WAIT_FOR_SOME: Duration = Duration::from_millis(500);
/// How long the client may take to answer our close, and to take what we wrote before it. Together with the rest of a
/// shutdown it must stay under 5 s.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves a websocket until it ends, in a task of its own. `read` was read of it already.
///
/// That task is all the memory that a silent connection takes beside its [`Connection`], so nothing is kept in it that
/// isn't needed before the end.
pub(crate) fn start(connection: Arc<Connection>, read: &mut [u8]) {
    let registered = Registered(connection);
    let limit = registered.0.manager().settings().limits.message_bytes;
    let mut task = Task {
        connection: registered,
        reader: Reader::new(limit),
        was_stopped: false,
        wait: None,
        pause: None,
    };
    task.receive(read);
    let served = async move {
        let ending = poll_fn(|context| task.poll(context)).await;
        debug!(?ending, "connection ends");
        task.connection.0.manager().metrics().connection_closed(ending);
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
struct Registered(Arc<Connection>);

impl Drop for Registered {
    fn drop(&mut self) {
        leave(&self.0);
        self.0.manager().forget(&self.0);
    }
}

/// Takes a connection out of its room, once.
fn leave(connection: &Connection) {
    if let Some(room) = connection.leave() {
        room.serve();
    }
}

struct Task {
    connection: Registered,
    reader: Reader,
    /// The reader was stopped and may have more.
    was_stopped: bool,
    /// This owner waits for its room.
    wait: Option<Wait>,
    /// This owner is too fast, and not listened to until then.
    pause: Option<Alarm>,
}

/// An owner waits for its room.
struct Wait {
    reason: Lag,
    began: Timestamp,
    end: Timestamp,
    /// When it is over, if nothing else has the task look again before.
    _alarm: Alarm,
}

/// Has the task look again after some time, unless it is dropped before.
struct Alarm(JoinHandle<()>);

impl Alarm {
    fn new(connection: &Arc<Connection>, time: Duration) -> Self {
        let connection = Arc::downgrade(connection);
        Self(tokio::spawn(async move {
            sleep(time).await;
            connection.upgrade().inspect(|connection| connection.wake());
        }))
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Task {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Ending> {
        // Before anything is looked at, so that no call to look again is missed.
        self.connection.0.task().register(context.waker());
        let polled = self.send_and_read(context);
        if polled.is_pending()
            && let Poll::Ready(Err(error)) = self.connection.0.transport().poll_flush(context)
        {
            debug!(%error, "the connection broke");
            return Poll::Ready(Ending::Gone);
        }
        polled
    }

    fn send_and_read(&mut self, context: &mut Context<'_>) -> Poll<Ending> {
        loop {
            let connection = &self.connection.0;
            let metrics = connection.manager().metrics();
            match with_send_context(metrics, |sending| connection.send(Some(context), sending)) {
                Sent::Everything => connection.note_written(),
                Sent::Blocked if self.connection.0.transport().poll_writable(context).is_ready() => continue,
                Sent::Blocked => {}
                Sent::More => context.waker().wake_by_ref(),
                Sent::Ended => {
                    let ending = self.connection.0.with_state(|line| line.ending()).flatten();
                    return Poll::Ready(ending.unwrap_or(Ending::Gone));
                }
            }
            let listens = self.connection.0.with_state(|line| line.listens()).unwrap_or(false);
            if !listens || self.waits_for_room() || self.is_too_fast() {
                return Poll::Pending;
            }
            if self.resumes_reading() {
                continue;
            }
            if ready!(self.read(context)) {
                // Others come first.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    /// Takes what is left of what was read before, or reads once. True if others are to have their turn now: there may
    /// be more to read, or tasks were started for the rounds of a large room.
    fn read(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        if std::mem::take(&mut self.was_stopped) {
            self.receive(&mut []);
            return Poll::Ready(true);
        }
        with_buffer(|buffer| {
            let capacity = buffer.len();
            match ready!(self.connection.0.transport().poll_read(context, buffer)) {
                Ok(count @ 1..) => {
                    let has_started_tasks = self.receive(&mut buffer[..count]);
                    return Poll::Ready(has_started_tasks || count == capacity);
                }
                Ok(_) => self.connection.0.with_state(|line| line.end(Ending::Gone)),
                Err(error) => self.connection.0.with_state(|line| line.break_off(&error)),
            };
            Poll::Ready(false)
        })
    }

    /// Takes what was read, and serves the room. True if that started tasks.
    fn receive(&mut self, bytes: &mut [u8]) -> bool {
        let manager = self.connection.0.manager();
        let now = manager.now();
        manager.metrics().received_bytes(bytes.len());
        self.connection.0.note_heard(now);
        let room = self.connection.0.with_state(|line| {
            let fed = self.reader.feed(bytes, |incoming| {
                self.was_stopped = !line.take(&incoming, now);
                !self.was_stopped
            });
            if let Err(fault) = fed {
                line.end_with_fault(fault);
            }
            if line.peer.is_in_room() {
                self.connection.0.note_entered();
            }
            line.host.handle().cloned()
        });
        room.flatten().is_some_and(|room| room.serve())
    }

    /// Whether this is an owner whose socket is not to be read now. If it has waited long enough, it gives up on those
    /// that it waited for.
    fn waits_for_room(&mut self) -> bool {
        let now = self.connection.0.manager().now();
        let is_waiting = self.wait.is_some();
        let is_over = self.wait.as_ref().is_some_and(|wait| now >= wait.end);
        let lag = self.connection.0.with_state(|line| {
            if is_over {
                line.peer.give_up_on_laggards(&mut line.host);
            }
            let lag = line.peer.lag(is_waiting, now, &mut line.host);
            if lag == Lag::No && !is_waiting {
                return lag;
            }
            let Some(handle) = line.host.handle().cloned() else { return Lag::No };
            handle.set_owner_waits(lag != Lag::No);
            if lag == Lag::No {
                return lag;
            }
            // What was taken between the look and the note has woken nobody.
            let lag = line.peer.lag(true, now, &mut line.host);
            handle.set_owner_waits(lag != Lag::No);
            lag
        });
        match lag.unwrap_or(Lag::No) {
            Lag::No => self.wait = None,
            // A wait of the same kind goes on.
            lag if self.wait.as_ref().is_some_and(|wait| wait.reason == lag) => {}
            lag => self.begin_wait(lag, now),
        }
        self.connection.0.set_waiting(self.wait.is_some());
        self.wait.is_some()
    }

    /// Begins a wait. Waits that follow each other at once are together no longer than the longest may be.
    fn begin_wait(&mut self, reason: Lag, now: Timestamp) {
        let longest = if reason == Lag::Most { WAIT_FOR_MOST } else { WAIT_FOR_SOME };
        let began = self.wait.as_ref().map_or(now, |wait| wait.began);
        let end = now.after(milliseconds(longest)).min(began.after(milliseconds(WAIT_FOR_MOST)));
        let alarm = Alarm::new(&self.connection.0, longest);
        self.wait = Some(Wait { reason, began, end, _alarm: alarm });
    }

    /// Whether this is an owner that has asked for too much in too short a time, and is not to be listened to yet.
    fn is_too_fast(&mut self) -> bool {
        let connection = &self.connection.0;
        let now = connection.manager().now();
        match connection.with_state(|line| line.peer.pause(now)).unwrap_or(0) {
            0 => {
                self.pause = None;
                false
            }
            pause => {
                self.pause.get_or_insert_with(|| Alarm::new(connection, Duration::from_millis(pause)));
                connection.set_waiting(true);
                true
            }
        }
    }

    /// Takes what an owner said that was too fast, and serves the room. False if there was nothing.
    fn resumes_reading(&mut self) -> bool {
        let now = self.connection.0.manager().now();
        let room = self.connection.0.with_state(|line| line.resume_reading(now)).flatten();
        let Some(room) = room else { return false };
        room.serve();
        true
    }

    /// Says why the connection ends, and waits a little for the client to have heard it. A connection that is dropped
    /// while the client still sends is reset by the kernel, and the reset overtakes what we said last.
    async fn say_farewell(&mut self, ending: Ending) {
        let farewell = farewell(&self.connection.0, &mut self.reader, ending);
        // A client that doesn't answer is left without one: there is nothing else to tell it.
        drop(timeout(CLOSE_TIMEOUT, farewell).await);
        poll_fn(|context| {
            self.connection.0.transport().end(context);
            Poll::Ready(())
        })
        .await;
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

async fn farewell(connection: &Connection, reader: &mut Reader, ending: Ending) {
    let begun = connection.with_state(|line| (line.begin_farewell(ending), line.is_answered()));
    let Some((true, is_answered)) = begun else { return };
    let flushed = poll_fn(|context| {
        loop {
            match connection.with_state(|line| line.flush(connection, Some(context))) {
                Some(Ok(true)) => {
                    return connection.transport().poll_flush(context).map(|flushed| flushed.is_ok());
                }
                Some(Ok(false)) => ready!(connection.transport().poll_writable(context)),
                Some(Err(_)) | None => return Poll::Ready(false),
            }
        }
    });
    if !flushed.await {
        return;
    }
    if !is_answered || !matches!(ending, Ending::Policy(_)) {
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
                    true
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
