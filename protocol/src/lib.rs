//! The pure core of rtbroadcaster: one page drives, every other page follows.
//!
//! No sockets, no clock, no randomness, no tasks: time and random numbers are arguments, and whoever calls moves the
//! bytes. The server (crate `rtbroadcaster`) and the page's SDK (`rtbroadcaster-sdk`) are shells around this crate and
//! never know each other, so whatever both must agree on stands here, once.
//!
//! | the wire | |
//! |---|---|
//! | [`ClientMessage`], [`ServerMessage`] | what can be said, as types |
//! | [`render`] | those types as JSON text |
//! | `parse` | JSON text as those types; feature `json`, because in a page the browser reads JSON |
//! | [`RefusalCode`], [`CloseCode`], [`Limits`] | every code and every bound, each in one table |
//!
//! | the server's side | |
//! |---|---|
//! | [`Room`] | a log of actions, the retained state, who owns it; [`Room::next`] serves any follower |
//! | [`Rooms`] | the table of rooms: how many there may be, when one without an owner ends |
//! | [`Peer`] | one connection: what a client may do where it stands, and what it is answered |
//!
//! | the page's side | |
//! |---|---|
//! | [`Session`] | one room as a page sees it, across reconnects |

mod answer_log;
mod audience;
mod backoff;
mod block;
mod close_code;
mod follower;
mod followers;
mod host;
mod json_writer;
mod limits;
mod log;
mod message;
mod mutation;
mod outbox;
mod ownership;
#[cfg(feature = "json")]
pub mod parse;
mod peer;
mod refusal;
pub mod render;
mod room;
mod room_id;
mod rooms;
mod session;
mod slots;
mod status;
mod time;

pub use answer_log::Answer;
pub use close_code::CloseCode;
pub use follower::{Cursor, Frame, Rendering};
pub use followers::Lag;
pub use host::{Host, OwnerKey};
pub use limits::{AnnouncedLimits, Limits};
pub use message::{
    Action, Audience, Claim, ClientMessage, Connected, Create, Join, LimitField, NumberField, OwnerPresence,
    ServerFields, ServerMessage,
};
#[cfg(feature = "mutations")]
pub use mutation::{Mutation, switch_on};
pub use outbox::BroadcastError;
pub use ownership::{Claimed, KeyDigest, NotEntered};
pub use peer::{Next, Peer};
pub use refusal::{Refusal, RefusalCode};
pub use room::{Accepted, Room};
pub use room_id::RoomId;
pub use rooms::Rooms;
pub use session::{EndReason, Event, Goal, Input, Outcome, Output, Session, SessionOptions, SessionStatus};
pub use status::Status;
pub use time::Timestamp;

/// The version of the session fields that this crate speaks; a peer that sends `v` of at least this gets them.
pub const PROTOCOL_VERSION: u64 = 2;
