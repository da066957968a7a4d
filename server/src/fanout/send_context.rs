//! A frame and counters that a thread lends to one delivery after another, so that no follower
//! needs memory of its own.

use std::cell::Cell;

use rtbroadcaster_protocol::Frame;

use crate::metrics::{Metrics, SendCounts};

thread_local! {
    static FRAME: Cell<Frame> = Cell::default();
}

/// What deliveries to several clients share.
#[derive(Debug, Default)]
pub(crate) struct SendContext {
    /// The frame for the current client. Its memory is used again for the next client.
    pub(crate) frame: Frame,
    /// What all the clients were sent.
    pub(crate) counts: SendCounts,
}

/// Lends a context, and then adds what was sent to the metrics.
pub(crate) fn with_send_context<R>(metrics: &Metrics, act: impl FnOnce(&mut SendContext) -> R) -> R {
    let mut context = SendContext { frame: FRAME.take(), counts: SendCounts::default() };
    let result = act(&mut context);
    metrics.sent(&context.counts);
    // Otherwise the frame would hold bytes of a room that may be gone tomorrow.
    context.frame.clear();
    FRAME.set(context.frame);
    result
}
