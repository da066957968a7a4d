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
//! | [`Permissions`], [`TokenBucket`], [`Memory`] | who may do what, how often, and with how much |
//! | [`Peer`] | one connection: what a client may do where it stands, and what it is answered |
//! | `Post` | actions that come without a connection; feature `json` |
//!
//! | the page's side | |
//! |---|---|
//! | [`Session`] | one room as a page sees it, across reconnects |
//!
//! The server's side is the feature `rooms`. Without it the crate does without `std` too: every kilobyte of it would be
//! loaded by every page.

#![cfg_attr(not(any(feature = "rooms", feature = "json")), no_std)]

extern crate alloc;

#[cfg(feature = "rooms")]
mod answer_log;
#[cfg(feature = "rooms")]
mod audience;
mod backoff;
#[cfg(feature = "rooms")]
mod block;
mod close_code;
#[cfg(feature = "rooms")]
mod follower;
#[cfg(feature = "rooms")]
mod followers;
#[cfg(feature = "rooms")]
mod host;
mod json_writer;
mod limits;
#[cfg(feature = "rooms")]
mod log;
#[cfg(feature = "rooms")]
mod memory;
mod message;
mod mutation;
#[cfg(feature = "rooms")]
mod other_sessions;
mod outbox;
#[cfg(feature = "rooms")]
mod ownership;
#[cfg(feature = "rooms")]
mod pace;
#[cfg(feature = "json")]
pub mod parse;
#[cfg(feature = "rooms")]
mod peer;
#[cfg(feature = "rooms")]
mod permissions;
#[cfg(all(feature = "json", feature = "rooms"))]
mod post;
mod refusal;
pub mod render;
#[cfg(feature = "rooms")]
mod room;
#[cfg(feature = "rooms")]
mod room_id;
#[cfg(feature = "rooms")]
mod rooms;
mod session;
#[cfg(feature = "rooms")]
mod slots;
mod status;
mod time;
#[cfg(feature = "rooms")]
mod token_bucket;

#[cfg(feature = "rooms")]
pub use answer_log::{Answer, Past};
pub use close_code::CloseCode;
#[cfg(feature = "rooms")]
pub use follower::{Contents, Cursor, Frame, Rendering};
#[cfg(feature = "rooms")]
pub use followers::Lag;
#[cfg(feature = "rooms")]
pub use host::{Host, OwnerKey};
pub use limits::{AnnouncedLimits, LONGEST_SESSION_BYTES, Limits};
#[cfg(feature = "rooms")]
pub use memory::Memory;
pub use message::{
    Action, Audience, Claim, ClientMessage, Connected, Create, Join, LimitField, NumberField, OwnerPresence,
    ServerFields, ServerMessage,
};
#[cfg(feature = "mutations")]
pub use mutation::{Mutation, switch_on};
pub use outbox::BroadcastError;
#[cfg(feature = "rooms")]
pub use ownership::{Claimed, KeyDigest, NotEntered};
#[cfg(feature = "rooms")]
pub use peer::{Next, Peer};
#[cfg(feature = "rooms")]
pub use permissions::{Deed, Permissions, Scope};
#[cfg(all(feature = "json", feature = "rooms"))]
pub use post::{Post, Posted};
pub use refusal::{Refusal, RefusalCode};
#[cfg(feature = "rooms")]
pub use room::{Accepted, LagReport, Room, RoomReport};
#[cfg(feature = "rooms")]
pub use room_id::RoomId;
#[cfg(feature = "rooms")]
pub use rooms::Rooms;
pub use session::{EndReason, Event, Goal, Input, Outcome, Output, Session, SessionOptions, SessionStatus};
pub use status::Status;
pub use time::Timestamp;
#[cfg(feature = "rooms")]
pub use token_bucket::{Rate, TokenBucket};

/// The version of the session fields that this crate speaks; a peer that sends `v` of at least this gets them.
pub const PROTOCOL_VERSION: u64 = 2;
