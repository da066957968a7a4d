//! A step: one thing that the [`Engine`](crate::engine::Engine) asks its driver to do.

use alloc::string::String;

use rtbroadcaster_protocol::{EndReason, Outcome, OwnerPresence, Refusal, Timestamp};

use crate::attempts::Way;
use crate::registry::{Action, FunctionId};

/// One thing to do.
pub(crate) enum Step<P> {
    /// Take a step towards a connection. A new one takes the place of an earlier one.
    Connect(Way),
    /// Send this text.
    Send(String),
    /// Close the websocket and forget it.
    Disconnect,
    /// Set the timer to this moment, in place of an earlier one; when it fires, report
    /// [`Input::Timeout`](rtbroadcaster_protocol::Input::Timeout).
    ArmTimer(Timestamp),
    /// Resolve the promise of `create` or `join` with the room, and open the delivery in the next
    /// task.
    Enter,
    /// Reject that promise with an error: all is over.
    Refuse(EndReason),
    /// Run a registered function.
    #[cfg_attr(not(feature = "web"), allow(dead_code, reason = "js/ finds a function by its key"))]
    Run(FunctionId, Action<P>),
    /// Tell the page its new status.
    TellStatus,
    /// Tell the page that this slot was cleared.
    TellCleared(String),
    /// Tell the page that the retained state comes next, because what it missed is gone.
    TellResync,
    /// Tell the page that an attempt to connect has failed.
    TellRetry,
    /// Tell the page the new number of followers.
    TellAudience,
    /// Tell the page that the owner went away or came back.
    TellOwner(OwnerPresence),
    /// Report an error: no function is registered under this key.
    ReportNoFunction(String),
    /// Report an error: the server sent something that isn't JSON.
    ReportUnreadable,
    /// Report an error: the server refused something other than one of the page's actions.
    ReportRefusal(Refusal),
    /// Settle the promise of the action with this ticket.
    Answer(u64, Outcome),
    /// Resolve the promises of the oldest callers, this many, that wait for space in the queue.
    QueueHasSpace(u32),
    /// Tell the page why the room ended, and settle all promises: all is over.
    End(EndReason),
}
