//! What a thread lends to the sending of one frame after another, so that no follower needs memory
//! of its own.

use std::cell::Cell;

use rtbroadcaster_protocol::Frame;

use crate::metrics::{Metrics, SendCounts};

thread_local! {
    static FRAME: Cell<Frame> = Cell::default();
}

/// What is being sent to one client after another.
#[derive(Debug, Default)]
pub(crate) struct SendContext {
    /// The frame for one of them; its memory is used again for the next.
    pub(crate) frame: Frame,
    /// What all of them were sent.
    pub(crate) counts: SendCounts,
}

/// Lends what sending needs, and counts afterwards what was sent.
pub(crate) fn with_send_context<R>(metrics: &Metrics, act: impl FnOnce(&mut SendContext) -> R) -> R {
    let mut context = SendContext { frame: FRAME.take(), counts: SendCounts::default() };
    let result = act(&mut context);
    metrics.sent(&context.counts);
    // Otherwise it would hold on to bytes of a room that may be gone tomorrow.
    context.frame.clear();
    FRAME.set(context.frame);
    result
}
