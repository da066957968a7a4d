//! The end of a connection: its task tells the client why, and waits a little for the client to
//! read it.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::timeout;

use super::Connection;
use super::read_buffer::with_read_buffer;
use crate::websocket::{Ending, Incoming, Reader};

/// How long the client may take to answer our close frame and to take the bytes before it. Together
/// with the rest of a shutdown it must stay under 5 s.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Tells the client why the connection ends, and waits a little for its answer. If a connection is
/// dropped while its client still sends, the kernel resets it, and the reset overtakes the last
/// bytes we sent.
pub(super) async fn say_farewell(connection: &Connection, reader: &mut Reader, ending: Ending) {
    // A client that doesn't answer is told nothing else.
    drop(timeout(CLOSE_TIMEOUT, send_and_await_answer(connection, reader, ending)).await);
    poll_fn(|context| {
        connection.transport.end(context);
        Poll::Ready(())
    })
    .await;
}

async fn send_and_await_answer(connection: &Connection, reader: &mut Reader, ending: Ending) {
    let queued = connection.with_state(|state| (state.queue_farewell(ending), state.has_incoming()));
    let Some((true, has_incoming)) = queued else { return };
    if !poll_fn(|context| poll_flushed(connection, context)).await {
        return;
    }
    if !has_incoming || !matches!(ending, Ending::Policy(_)) {
        // Nothing that comes now counts, but it is read until the client ends too.
        let shut_down = poll_fn(|context| connection.transport.poll_shutdown(context));
        if shut_down.await.is_err() {
            return;
        }
    }
    // After a fault the bytes that come are no frames, and from a reader of events they never are.
    let has_frames = has_incoming && !matches!(ending, Ending::Fault(..));
    poll_fn(|context| poll_answered(connection, reader, has_frames, context)).await;
}

/// Ready when the client was sent everything. False if no more can be written.
fn poll_flushed(connection: &Connection, context: &mut Context<'_>) -> Poll<bool> {
    loop {
        let flushed = connection
            .with_state(|state| state.flush(&connection.transport, &connection.activity, Some(context)));
        match flushed {
            Some(Ok(true)) => {
                return connection.transport.poll_flush(context).map(|flushed| flushed.is_ok());
            }
            Some(Ok(false)) => ready!(connection.transport.poll_writable(context)),
            Some(Err(_)) | None => return Poll::Ready(false),
        }
    }
}

/// Ready when the client has answered our close frame, or has closed its side.
fn poll_answered(
    connection: &Connection,
    reader: &mut Reader,
    has_frames: bool,
    context: &mut Context<'_>,
) -> Poll<()> {
    with_read_buffer(|buffer| {
        loop {
            let Ok(count @ 1..) = ready!(connection.transport.poll_read(context, buffer)) else {
                return Poll::Ready(());
            };
            if !has_frames {
                continue;
            }
            let mut has_answered = false;
            let fed = reader.feed(&mut buffer[..count], |incoming| {
                has_answered |= matches!(incoming, Incoming::Close(_));
                true
            });
            if has_answered || fed.is_err() {
                return Poll::Ready(());
            }
        }
    })
}
