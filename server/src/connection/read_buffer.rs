//! The buffer that a thread lends to whichever connection it reads, so that an idle connection needs
//! none.

use std::cell::Cell;

/// Bytes read at a time: what has gathered from a fast owner goes out in one frame to each follower.
const READ_BYTES: usize = 64 * 1024;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = Cell::default();
}

/// Lends the thread's buffer. Its content is whatever the last reader left.
pub(crate) fn with_read_buffer<R>(act: impl FnOnce(&mut [u8]) -> R) -> R {
    let mut buffer = BUFFER.take();
    buffer.resize(READ_BYTES, 0);
    let result = act(&mut buffer);
    BUFFER.set(buffer);
    result
}
