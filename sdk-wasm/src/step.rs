//! What the page's side of a room must do: what the [`Engine`](crate::engine::Engine) asks of whoever drives it.

use alloc::string::String;

use rtbroadcaster_protocol::{EndReason, Outcome, OwnerPresence, Refusal, Timestamp};

use crate::registry::{Action, FunctionId};

/// One thing to do.
pub(crate) enum Step<P> {
    /// Open a websocket; an earlier one is to be forgotten.
    Connect,
    /// Send this text.
    Send(String),
    /// Close the websocket and forget it.
    Disconnect,
    /// Say [`Input::Timeout`](rtbroadcaster_protocol::Input::Timeout) at this moment, instead of at any other.
    ArmTimer(Timestamp),
    /// Settle the promise of the room with the room, and open the delivery in the next task.
    Enter,
    /// Settle it with an error: all is over.
    Refuse(EndReason),
    /// Run a registered function.
    #[cfg_attr(not(feature = "web"), allow(dead_code, reason = "js/room.js finds a function by its key"))]
    Run(FunctionId, Action<P>),
    /// The page's standing has changed.
    TellStatus,
    /// A slot was cleared.
    TellCleared(String),
    /// What comes next is the retained state.
    TellResync,
    /// The number of followers has changed.
    TellAudience,
    /// The owner went away or came back.
    TellOwner(OwnerPresence),
    /// No function is registered under this key.
    ReportNoFunction(String),
    /// The server said something that isn't JSON.
    ReportUnreadable,
    /// The server has refused something that was none of the page's actions.
    ReportRefusal(Refusal),
    /// Settle the promise of the action with this ticket.
    Answer(u64, Outcome),
    /// The queue has room, for which so many have waited.
    QueueHasSpace(u32),
    /// Tell the end, and settle all promises: all is over.
    End(EndReason),
}
