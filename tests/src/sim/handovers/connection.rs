//! A connection: the server's end of it, and what is on its way in either direction.

use std::collections::VecDeque;

use rtbroadcaster_protocol::Peer;

/// A connection.
#[derive(Debug, Default)]
pub(super) struct Connection {
    pub(super) peer: Peer,
    /// How often its page had been loaded.
    pub(super) life: u32,
    /// The frames that the server has not heard yet.
    pub(super) up: VecDeque<Sent>,
    /// The messages that the page has not heard yet.
    pub(super) down: VecDeque<Down>,
    /// The server has closed it.
    pub(super) is_over: bool,
}

/// What a page has sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) text: String,
    pub(super) what: What,
}

/// What the world must know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A first message that takes the pen, from a page that was never in the room.
    FreshClaim,
    /// `takeBack` of the creator.
    TakeBack,
    /// `request` of a page.
    Request,
    /// `refuse` of the request of a seat.
    Refuse(u32),
    /// Anything else.
    Other,
}

/// What the server has sent.
#[derive(Debug, Clone)]
pub(super) enum Down {
    Text(String),
    Closed(u16),
}
