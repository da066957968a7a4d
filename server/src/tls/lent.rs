//! Buffers that each thread lends to the connection it works on.

use std::cell::Cell;

/// Bytes on the wire that are received at a time. In front of them stands what came before of a
/// message of the handshake, of which rustls takes none above 64 KiB.
const WIRE_BYTES: usize = 128 * 1024;

thread_local! {
    static LENT: Cell<Lent> = Cell::default();
}

#[derive(Debug, Default)]
pub(super) struct Lent {
    /// Room for bytes on the wire.
    pub(super) wire: Vec<u8>,
    /// Text that is gathered for a record.
    pub(super) text: Vec<u8>,
    /// A record that is written.
    pub(super) record: Vec<u8>,
}

/// Lends the thread's buffers. They still hold bytes of the use before.
pub(super) fn with_lent<R>(act: impl FnOnce(&mut Lent) -> R) -> R {
    let mut lent = LENT.take();
    lent.wire.resize(WIRE_BYTES, 0);
    let result = act(&mut lent);
    LENT.set(lent);
    result
}
