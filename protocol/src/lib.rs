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
//! | [`Room`] | a log of actions, the retained state, who owns it; [`Room::serve`] serves any follower |
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

mod limits;
mod mutation;
#[cfg(feature = "rooms")]
mod peer;
#[cfg(feature = "rooms")]
mod room;
mod session;
mod time;
#[cfg(feature = "rooms")]
mod token_bucket;
mod wire;

pub use limits::{AnnouncedLimits, Limits, MAX_SESSION_BYTES};
#[cfg(feature = "mutations")]
pub use mutation::{Mutation, switch_on};
#[cfg(feature = "rooms")]
pub use peer::{Host, Operation, OwnerKey, Peer, PeerOutput, Permissions, Scope};
#[cfg(feature = "rooms")]
pub use room::{
    Accepted, Answer, Claimed, Contents, Cursor, EntryError, Frame, KeyDigest, Lag, LagReport, Memory, Post,
    Posted, RecordedAnswer, Room, RoomId, RoomReport, Rooms,
};
pub use session::{
    BroadcastError, EndReason, Event, Goal, Input, Outcome, Output, Session, SessionOptions, SessionStatus,
};
pub use time::{Delay, Timestamp};
#[cfg(feature = "rooms")]
pub use token_bucket::{Rate, TokenBucket};
#[cfg(feature = "json")]
pub use wire::parse;
pub use wire::{
    Action, Audience, Claim, ClientMessage, CloseCode, Connected, Create, Join, LimitField, NumberField,
    OwnerPresence, Refusal, RefusalCode, Rendering, ServerFields, ServerMessage, Status, render,
};

/// The version of the session fields that this crate speaks; a peer that sends `v` of at least this gets them.
pub const PROTOCOL_VERSION: u64 = 2;
