//! Memory that a thread lends to whichever connection it serves at the moment, so that idle ones need none.

use std::cell::Cell;

use rtbroadcaster_protocol::Frame;

use crate::metrics::{Metrics, Tally};

/// Bytes read at a time: what has gathered of an owner in a hurry goes out in one frame to each follower.
const READ_BYTES: usize = 64 * 1024;

thread_local! {
    static FRAME: Cell<Frame> = Cell::default();
    static BUFFER: Cell<Vec<u8>> = Cell::default();
}

/// What is being sent to one client after the other.
#[derive(Debug, Default)]
pub(crate) struct SendContext {
    /// What one of them is sent.
    pub(crate) frame: Frame,
    /// What all of them were sent.
    pub(crate) tally: Tally,
}

/// Lends what is needed for sending, and counts what was sent.
pub(crate) fn with_send_context<R>(metrics: &Metrics, act: impl FnOnce(&mut SendContext) -> R) -> R {
    let mut sending = SendContext { frame: FRAME.take(), tally: Tally::default() };
    let result = act(&mut sending);
    metrics.sent(&sending.tally);
    // It would hold on to bytes of a room that may be gone tomorrow.
    sending.frame.clear();
    FRAME.set(sending.frame);
    result
}

/// Lends a buffer to read into.
pub(crate) fn with_buffer<R>(act: impl FnOnce(&mut [u8]) -> R) -> R {
    let mut buffer = BUFFER.take();
    buffer.resize(READ_BYTES, 0);
    let result = act(&mut buffer);
    BUFFER.set(buffer);
    result
}
