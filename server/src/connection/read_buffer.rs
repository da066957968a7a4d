//! One read buffer for each thread, lent to the connection that it reads. An idle connection needs
//! no buffer.

use std::cell::Cell;

/// Bytes read at a time. All actions of one read reach each follower in one frame.
const READ_BYTES: usize = 64 * 1024;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = Cell::default();
}

/// Lends the thread's buffer. It still holds the bytes of the read before.
pub(crate) fn with_read_buffer<R>(act: impl FnOnce(&mut [u8]) -> R) -> R {
    let mut buffer = BUFFER.take();
    buffer.resize(READ_BYTES, 0);
    let result = act(&mut buffer);
    BUFFER.set(buffer);
    result
}
