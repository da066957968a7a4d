//! What a thread lends to one delivery after another, so that no follower needs memory of its own.

use std::cell::Cell;

use rtbroadcaster_protocol::Frame;

use super::step_frames::StepFrames;
use crate::metrics::{Metrics, SendCounts};

thread_local! {
    static CONTEXT: Cell<SendContext> = Cell::default();
}

/// What deliveries to several clients share. Its memory is used again.
#[derive(Debug, Default)]
pub(crate) struct SendContext {
    /// The frame for a client that is served alone.
    pub(crate) frame: Frame,
    /// The frames for those in step.
    pub(super) step_frames: StepFrames,
    /// What all the clients were sent.
    pub(crate) counts: SendCounts,
}

/// Lends a context, and then adds what was sent to the metrics.
pub(crate) fn with_send_context<R>(metrics: &Metrics, act: impl FnOnce(&mut SendContext) -> R) -> R {
    let mut context = CONTEXT.take();
    let result = act(&mut context);
    metrics.sent(&std::mem::take(&mut context.counts));
    // Otherwise the frames would hold bytes of a room that may be gone tomorrow.
    context.frame.clear();
    context.step_frames.clear();
    CONTEXT.set(context);
    result
}
