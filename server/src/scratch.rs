//! Memory that a thread lends to whichever connection it serves at the moment, so that idle ones need none.

use std::cell::Cell;

use rtbroadcaster_protocol::Frame;

/// Bytes read at a time: what has gathered of an owner in a hurry goes out in one frame to each follower.
const READ_BYTES: usize = 64 * 1024;

thread_local! {
    static FRAME: Cell<Frame> = Cell::default();
    static BUFFER: Cell<Vec<u8>> = Cell::default();
}

/// Lends a frame, and takes it back empty.
pub(crate) fn with_frame<R>(act: impl FnOnce(&mut Frame) -> R) -> R {
    let mut frame = FRAME.take();
    let result = act(&mut frame);
    // It would hold on to bytes of a room that may be gone tomorrow.
    frame.clear();
    FRAME.set(frame);
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
