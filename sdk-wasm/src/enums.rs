//! What crosses to JavaScript by its name: wasm-bindgen gives these variants to the page as the
//! texts that stand here. `cargo xtask pack` fails if js/ doesn't name the same steps, or
//! index.d.ts the same statuses.

use rtbroadcaster_protocol::SessionStatus;
use wasm_bindgen::prelude::wasm_bindgen;

/// One thing to do, as [`Step`](crate::step::Step) without its parts,
/// which js/parts.js has: text, number, seq, code and message.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum StepName {
    /// Open a websocket.
    Connect = "connect",
    /// Ask the server over plain HTTP whether it is there, and tell the engine.
    Probe = "probe",
    /// Open a connection over plain HTTP.
    ConnectHttp = "connectHttp",
    /// Open a websocket beside the connection, close it, and tell the engine that it has opened.
    TryWebsocket = "tryWebsocket",
    /// Close the connection and forget it.
    Disconnect = "disconnect",
    /// Send `text`.
    Send = "send",
    /// Set the timer to `number`, a time of the page's clock in milliseconds.
    ArmTimer = "armTimer",
    /// Give the page its room, whose status and audience were noted.
    Enter = "enter",
    /// Reject the promise of the room, with `code` and `message`.
    Refuse = "refuse",
    /// Run the function `text` with the params that are kept under `number`.
    Run = "run",
    /// Tell the page the status.
    TellStatus = "tellStatus",
    /// Tell the page that the slot `text` was cleared.
    TellCleared = "tellCleared",
    /// Tell the page that the retained state comes next.
    TellResync = "tellResync",
    /// Tell the page that an attempt to connect has failed, because of `code` and `message`.
    TellRetry = "tellRetry",
    /// Tell the page the audience.
    TellAudience = "tellAudience",
    /// Tell the page that the owner is away.
    TellOwnerAway = "tellOwnerAway",
    /// Tell the page that the owner is here again.
    TellOwnerHere = "tellOwnerHere",
    /// Report an error: `code`, `message`, and `text` if it is about a function key.
    Report = "report",
    /// The action with the ticket `number` was appended at `seq`.
    Appended = "appended",
    /// The action with the ticket `number` was replaced by a newer one of its slot.
    Replaced = "replaced",
    /// The action with the ticket `number` was refused, with `code` and `message`.
    Refused = "refused",
    /// The queue has space for the oldest callers that wait for it, as many as `number`.
    QueueHasSpace = "queueHasSpace",
    /// The room is over, because of `code` and `message`.
    End = "end",
}

/// The state of a room on this page: see index.d.ts.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Status {
    Connecting = "connecting",
    Connected = "connected",
    CatchingUp = "catching-up",
    Reconnecting = "reconnecting",
    Closed = "closed",
}

impl From<SessionStatus> for Status {
    fn from(status: SessionStatus) -> Self {
        match status {
            SessionStatus::Connecting => Self::Connecting,
            SessionStatus::Connected => Self::Connected,
            SessionStatus::CatchingUp => Self::CatchingUp,
            SessionStatus::Reconnecting => Self::Reconnecting,
            SessionStatus::Closed => Self::Closed,
        }
    }
}
