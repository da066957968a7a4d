//! What a session is told and what it says: all the types at its edge.

use alloc::string::String;

use crate::{Audience, OwnerPresence, Refusal, ServerMessage};

/// What a session is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// Open a new room.
    Create,
    /// Take back a room that is owned already.
    Claim {
        /// The room.
        uuid: String,
        /// The proof of ownership.
        owner_key: String,
    },
    /// Follow a room.
    Join {
        /// The room.
        uuid: String,
    },
}

/// How a session is to be.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// What it is for.
    pub goal: Goal,
    /// Names this page's session among the owner's: random, at least 128 bits, new after a reload.
    pub session: String,
    /// Any random number; it spreads the reconnects.
    pub seed: u64,
    /// Milliseconds after which a session that never reached its room gives up.
    pub connect_timeout_ms: u64,
    /// Whether an owner lets its followers know how many they are.
    pub share_audience: bool,
}

/// What the outside tells a session.
#[derive(Debug)]
pub enum Input<P> {
    /// Begin. To be said once, first.
    Start,
    /// The socket that was asked for is open.
    Opened,
    /// The server said something.
    Received(ServerMessage<P>),
    /// The socket is closed or could not be opened; with the close code, 1006 if there was none.
    Disconnected(u16),
    /// The moment that [`Session::next_timeout`](super::Session::next_timeout) named has come; saying it earlier does no harm.
    Timeout,
    /// The page has woken up or is online again: whatever was thought of the connection may be wrong.
    Wake,
    /// This many bytes of what was sent are still in the page, because the network is slower than the page. To be said
    /// whenever something was sent: until then the session takes all of it for waiting, and holds back beyond 256 KiB.
    Buffered(u64),
    /// The application wants to end it: an owner closes the room, a follower leaves.
    Close,
}

/// What the caller of a session must do.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<P> {
    /// Open a socket to the server; any earlier one is to be forgotten.
    Connect,
    /// Send this text.
    Send(String),
    /// Close the socket and forget it.
    Disconnect,
    /// Tell the application.
    Event(Event<P>),
}

/// What the application is told.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<P> {
    /// The session is in its room for the first time.
    Entered,
    /// Where the session stands now.
    Status(SessionStatus),
    /// Run a function.
    Action {
        /// The function key.
        key: String,
        /// What it is called with.
        params: P,
        /// Where the room retains it, if it does.
        slot: Option<String>,
        /// Whether the page was handed a state message of that slot already, one that still stands.
        knew_slot: bool,
    },
    /// A slot was cleared.
    Cleared {
        /// Its name.
        slot: String,
        /// Whether the page was handed its state message.
        knew_slot: bool,
    },
    /// One of the page's own actions is done with.
    Answered {
        /// What [`Session::broadcast`](super::Session::broadcast) has returned.
        ticket: u64,
        /// How it went.
        outcome: Outcome,
    },
    /// The server has not taken something that was none of the page's actions.
    Refused(Refusal),
    /// What comes next is everything that the room retains, because what was missed is gone.
    Resync,
    /// How many follow.
    Audience(Audience),
    /// The room's owner went away or came back.
    Owner(OwnerPresence),
    /// It is over; nothing comes after this.
    Ended(EndReason),
}

/// How it went with an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the room's log, at this seq.
    Appended(u64),
    /// It was never sent, because the page had a newer value for its slot.
    Replaced,
    /// The server has refused it.
    Refused {
        /// Why.
        refusal: Refusal,
        /// The slot that was to be written, if it was a state message or a clear.
        slot: Option<String>,
    },
}

/// Where a session stands, as the application sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionStatus {
    /// The room has not been reached yet.
    Connecting,
    /// In the room, and everything that was missed has been handed over.
    Connected,
    /// In the room; the retained state, or what was missed, is being handed over.
    CatchingUp,
    /// The connection is lost; the session tries again by itself.
    Reconnecting,
    /// It is over.
    Closed,
}

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndReason {
    /// The room was closed.
    RoomClosed,
    /// The application ended it.
    Left,
    /// A newer claim of ownership is in force.
    Superseded,
    /// The server refused it.
    Refused(Refusal),
    /// The room was never reached in the time given.
    ConnectionFailed,
}
