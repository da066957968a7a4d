//! The pure core of rtbroadcaster: one page drives, all others follow.
//!
//! This crate decides what messages mean: what a room keeps, what each client may do and is
//! answered, and how a page gets over a lost connection. It does no I/O and has no clock, no
//! randomness, no threads and no tasks. Time and random numbers are arguments, and the caller moves
//! the bytes. So the same code runs in a server, in a page and in a simulation.
//!
//! The server (crate `rtbroadcaster`) and the page's SDK (`rtbroadcaster-sdk`) are shells around
//! this crate. They don't know each other: whatever both must agree on stands here, once.
//!
//! # How a server drives it
//!
//! A [`Room`] is a log of actions, the state that it retains, and who owns it. [`Rooms`] is the
//! table of all rooms. A [`Peer`] is one connection. It reaches its room through [`Host`], which
//! the server implements.
//!
//! - What the outside tells it: [`Peer::receive_frame`] for each text that comes in, and
//!   [`Peer::disconnected`] once, at the end of the connection. [`Room::tick`] at the moments for
//!   which [`Host::wake_at`] asks.
//! - What the application asks: [`Peer::shut_down`], [`Room::close`], [`Room::report`]. `Post`
//!   appends actions that come without a connection.
//! - What the caller must do next: call [`Peer::poll_output`] until it waits or closes, and write
//!   each [`Frame`] to the client. Do the same for all others in the room when [`Room::version`]
//!   has grown. While [`Peer::pause`] returns a delay, read nothing from the client; afterwards
//!   call [`Peer::resume_reading`].
//!
//! # How a page drives it
//!
//! A [`Session`] is one room as a page sees it, across reconnects.
//!
//! - What the outside tells it: [`Session::handle`] with an [`Input`]. The socket is open, a
//!   message came, the connection is lost, time has passed.
//! - What the application asks: [`Session::broadcast`], [`Session::clear`] and [`Input::Close`].
//! - What the caller must do next, after each of these: carry out what [`Session::poll_output`]
//!   returns until it returns nothing, and come back at [`Session::next_timeout`] at the latest.
//!
//! # Where things are
//!
//! | folder | what is in it |
//! |---|---|
//! | `wire/` | the messages as types, their JSON text, refusals and close codes |
//! | `room/` | a room: its log, followers, ownership and memory; the table of rooms |
//! | `recording/` | what a room is recorded as, and how far a recording goes |
//! | `peer/` | one connection, as the server sees it: what it may do and what it is answered |
//! | `session/` | one room, as a page sees it |
//!
//! [`Limits`], [`Timestamp`], [`TokenBucket`] and the faults for tests (`mutation.rs`) are files of
//! their own.
//!
//! # Features
//!
//! - `rooms` (default): the server's side. The SDK's WebAssembly does without it, because every
//!   page loads that. The crate is `no_std` then.
//! - `moments`: sessions run actions at their moments. Without it they run when they arrive.
//! - `json`: reading JSON text, module `parse`. A page has its browser read JSON.
//! - `mutations`: faults that tests can switch on.

#![cfg_attr(not(any(feature = "rooms", feature = "json")), no_std)]

extern crate alloc;

mod limits;
mod mutation;
#[cfg(feature = "rooms")]
mod peer;
#[cfg(feature = "rooms")]
mod recording;
#[cfg(feature = "rooms")]
mod room;
mod session;
mod time;
#[cfg(feature = "rooms")]
mod token_bucket;
mod wire;

pub use limits::{AnnouncedLimits, Limits, MAX_SESSION_BYTES};
#[cfg(feature = "mutations")]
pub use mutation::{Mutation, is_active, switch_on};
#[cfg(feature = "rooms")]
pub use peer::{Host, Operation, OwnerKey, Peer, PeerOutput, Permissions, RequestedEntry, Scope, voter};
#[cfg(feature = "rooms")]
pub use recording::{Recorded, Recorder, RecorderLimits, RecordingEnd, RecordingScan};
#[cfg(feature = "rooms")]
pub use room::{
    Accepted, Answer, Checkpoint, Claimed, Contents, Cursor, EntryError, Frame, HandOverCounts,
    InvitedMember, KeyDigest, Lag, LagReport, LaneOutcome, LaneReport, Lanes, LoadError, LoadedRoom,
    LogEntry, MadeKey, Mark, MembersState, Memory, Observer, OwnerState, Post, Posted, Proposal, Received,
    Record, RecordError, RecordedAnswer, RecordedVotes, RecorderHost, RecorderStart, Records, Replica,
    ReplicaLoader, Restart, RestoreError, Room, RoomCode, RoomCodes, RoomId, RoomNotice, RoomReport,
    RoomRestorer, Rooms, RosterSaid, RosterSaying, RosterServer, SeatedPerson, SharedLanes, Speaker,
    Standing, Vote, VoterDigest,
};
#[cfg(feature = "moments")]
pub use session::ClockEstimate;
pub use session::{
    BroadcastError, EndReason, EntryNumbers, Event, Goal, Identity, Input, Names, Outcome, Output, Session,
    SessionOptions, SessionStatus, Unnamed,
};
pub use time::{Delay, Timestamp};
#[cfg(feature = "rooms")]
pub use token_bucket::{Rate, TokenBucket};
#[cfg(feature = "json")]
pub use wire::parse;
pub use wire::{
    Action, Audience, Claim, ClaimKind, ClientMessage, CloseCode, Connected, Create, Driver, ENTRY_SLOT,
    Entry, EntryKey, Join, Lane, LaneKind, LaneMessage, LaneWord, LimitField, MemberRole, NumberField,
    OwnerPresence, Question, Recording, RecordingWish, Refusal, RefusalCode, Rendering, RosterQuery,
    ServerFields, ServerMessage, Status, render,
};
#[cfg(feature = "rooms")]
pub(crate) use wire::{LaneTotals, Person, RosterNews, RosterPage, SaidBy};

/// The version of the session fields that this crate speaks. A client gets them if its `v` is at
/// least this.
pub const PROTOCOL_VERSION: u64 = 2;
