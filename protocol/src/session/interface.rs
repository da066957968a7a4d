//! What a session is told and what it answers: all types of its interface.

use alloc::string::String;

use crate::{Audience, OwnerPresence, Refusal, ServerMessage};

/// What a session is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// Open a new room.
    Create,
    /// Claim the ownership of a room that exists.
    Claim {
        /// The uuid of the room.
        uuid: String,
        /// The owner key of the room.
        owner_key: String,
    },
    /// Follow a room, or enter it as one of its members: see [`SessionOptions::invite`].
    Join {
        /// The uuid of the room, or its short code.
        uuid: String,
    },
}

/// How to set up a session.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// What it is for.
    pub goal: Goal,
    /// The name of this page's session: random, with at least 128 bits, and a new one after a
    /// reload.
    pub session: String,
    /// Any random number. It spreads the reconnects of many pages.
    pub seed: u64,
    /// After this many milliseconds a session that never reached its room gives up.
    pub connect_timeout_ms: u64,
    /// Whether the room's followers are told how many follow. Only an owner's session uses this.
    pub share_audience: bool,
    /// Whether a new room gets a short code. Only a session that opens a room uses this.
    pub code: bool,
    /// Whether to ask for the server's time from the start. The session of an owner has all pages
    /// of its room do so.
    pub clock: bool,
    /// Whether the room's followers may ask who is there. Only an owner's session uses this.
    pub share_roster: bool,
    /// What others are to call the page. Only a page that joins uses this.
    pub name: Option<String>,
    /// The key of a seat in the room, with which a page enters that joins. Without one it is an
    /// ordinary follower.
    pub invite: Option<String>,
}

/// What the outside tells a session.
#[derive(Debug)]
pub enum Input<P> {
    /// Start. This is the first input, and comes once.
    Start,
    /// The socket that [`Output::Connect`] asked for is open.
    Opened,
    /// A message of the server came.
    Received(ServerMessage<P>),
    /// The socket was closed or could not be opened. With the close code, or 1006 if there was
    /// none. A number below [`CloseCode::FIRST`](crate::CloseCode::FIRST) says that a better
    /// connection can be opened: the session asks for one at once, unless it is closing.
    Disconnected(u16),
    /// The moment that [`Session::next_timeout`](super::Session::next_timeout) named has come.
    /// Saying so earlier does no harm.
    Timeout,
    /// The page has woken up or is online again, so the connection may be dead without a sign.
    Wake,
    /// The page goes to sleep: nothing reaches it any more until it wakes. Its connection is
    /// dropped without a word, so that the others learn that it is away.
    Sleep,
    /// This many bytes of what was sent still wait in the page for the network. To be said whenever
    /// something was sent. Until then the session takes everything that it sent for waiting. It
    /// sends nothing more while 256 KiB wait.
    Buffered(u64),
    /// The application ends the session: an owner closes the room, a follower leaves.
    Close,
}

/// What the caller of a session must do.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<P> {
    /// Open a socket to the server, and forget any earlier one.
    Connect,
    /// Send this text.
    Send(String),
    /// Close the socket and forget it.
    Disconnect,
    /// Tell the application of this.
    Event(Event<P>),
}

/// What the application is told.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<P> {
    /// The session is in its room for the first time.
    Entered,
    /// The session has a new status.
    Status(SessionStatus),
    /// Run a function: an action came.
    Action {
        /// The function key.
        key: String,
        /// The params with which it is called.
        params: P,
        /// The slot in which the room retains it. None if it is no state message.
        slot: Option<String>,
        /// Whether the page was handed a state message of that slot before that was not cleared
        /// since.
        knew_slot: bool,
        /// The moment at which it was to run: see [`Action::at`](crate::Action::at).
        at: Option<u64>,
    },
    /// A slot was cleared.
    Cleared {
        /// The name of the slot.
        slot: String,
        /// Whether the page was handed its state message.
        knew_slot: bool,
    },
    /// One of the page's own actions has its outcome.
    Answered {
        /// What [`Session::broadcast`](super::Session::broadcast) returned for it.
        ticket: u64,
        /// What became of it.
        outcome: Outcome,
    },
    /// The server refused a message that was none of the page's actions.
    Refused(Refusal),
    /// The page has missed actions that the room no longer has. Everything that the room retains
    /// comes next.
    Resync,
    /// An attempt to connect has failed, and the session tries again:
    /// [`Session::last_failure`](super::Session::last_failure) says why.
    AttemptFailed,
    /// How many follow.
    Audience(Audience),
    /// The room's owner went away or came back.
    Owner(OwnerPresence),
    /// The session has ended. Nothing comes after this.
    Ended(EndReason),
}

/// What became of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was appended to the room's log, at this seq.
    Appended(u64),
    /// It was never sent, because a newer one for its slot replaced it.
    Replaced,
    /// The server refused it.
    Refused {
        /// Why.
        refusal: Refusal,
        /// The slot that it was to write or clear. None if it was no state message.
        slot: Option<String>,
    },
}

/// The status of a session, as the application sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionStatus {
    /// The room has not been reached yet.
    Connecting,
    /// In the room. Everything that the page missed has been handed over.
    Connected,
    /// In the room. The snapshot, or what the page missed, is being handed over.
    CatchingUp,
    /// The connection is lost. The session connects again by itself.
    Reconnecting,
    /// The session has ended.
    Closed,
}

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndReason {
    /// The room was closed.
    RoomClosed,
    /// The application ended the session.
    Left,
    /// A newer claim of ownership is in force.
    Superseded,
    /// The server refused it.
    Refused(Refusal),
    /// The room was not reached within the time given, or not by this attempt.
    ConnectionFailed,
}
