//! One page drives, every other page follows: the rooms of rtbroadcaster, to mount into an
//! application on warp, axum or hyper.
//!
//! An *owner* opens a room and broadcasts function calls to all *followers*. A call is a function
//! key and params. *State messages* are retained and replayed to each follower that joins later.
//! Pages take part with the npm package `rtbroadcaster`; clients of the original rtbroadcaster work
//! unchanged. The application may open, drive and follow rooms itself.
//!
//! ```no_run
//! use rtbroadcaster::{Manager, Message, RoomOptions, Settings};
//! use warp::Filter;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), rtbroadcaster::RoomError> {
//!     let rooms = Manager::new(Settings::default());
//!     let room = rooms.open_room(RoomOptions::default()).await?;
//!     println!("pages follow {}", room.uuid());
//!     room.publish(Message::state("goTo", [7])).await?;
//!
//!     let routes = warp::path("broadcasting").and(rooms.routes());
//!     warp::serve(routes).run(([127, 0, 0, 1], 8080)).await;
//!     Ok(())
//! }
//! ```
//!
//! # What you want to do
//!
//! The first item of each row has an example.
//!
//! | to | use |
//! |---|---|
//! | make the rooms of a server | [`Manager::new`], [`Settings`], [`Limits`] |
//! | have rooms outlive the process | [`Manager::with_store`][store] |
//! | have rooms on several servers | [`Manager::with_cluster`][cluster] |
//! | mount them on warp | [`Manager::routes`]; behind a proxy [`Manager::routes_for`] |
//! | mount them on axum or hyper | [`Manager::service`] |
//! | say whose pages may connect | [`Settings::with`], [`OriginPolicy`], [`HostPolicy`] |
//! | say who may open and follow rooms, by tokens | [`AccessSettings::with`], [`Manager::authorise`] |
//! | decide that by a function of your own | [`Authoriser`] |
//! | open a room that the application drives | [`Manager::open_room`] |
//! | open a room for a page | [`Manager::open_room_for_owner`] |
//! | find rooms | [`Manager::room`], [`Manager::open_rooms`] |
//! | publish | [`RoomHandle::publish`], [`RoomHandle::publish_all`], [`RoomHandle::publish_once`] |
//! | retain state, or forget it | [`Message::state`], [`Message::clear`] |
//! | follow a room | [`RoomHandle::follow`], [`RoomFollower`] |
//! | ask about a room, claim it, close it | [`RoomHandle`] |
//! | hear what happens in rooms | [`Manager::events`] |
//! | show metrics | [`Manager::metrics_routes`] |
//! | look after a running server | [`Manager::admin_routes`] |
//! | bound TCP connections in an accept loop | [`Manager::sockets`], [`HttpStream`], [`RemoteAddress`] |
//! | speak TLS in an accept loop | [`TlsStream::accept`][tls] |
//! | end in order | [`Manager::shut_down_over`] |
//!
//! Everything is to be called inside of a tokio runtime. Errors say what to do; a [`Refusal`] is
//! what a client would be told. `examples/` has whole applications on warp and axum.
//!
//! # Features
//!
//! - `store`: rooms that outlive the process, in SQLite.
//! - `cluster`: rooms that live on several servers, in NATS JetStream.
//! - `jwt`: JSON web tokens as proof of who may do what.
//! - `tls`: TLS at the least cost for each follower, for an accept loop of your own.
//! - `binary` (default): the program `rtbroadcaster`, with all of them. Applications set
//!   `default-features = false`.
//!
//! The crate `rtbroadcaster-protocol` defines the wire and every rule of a room. This crate moves
//! the bytes.
//!
#![cfg_attr(feature = "store", doc = "[store]: Manager::with_store")]
#![cfg_attr(not(feature = "store"), doc = "[store]: Manager#features")]
#![cfg_attr(feature = "tls", doc = "[tls]: TlsStream::accept")]
#![cfg_attr(not(feature = "tls"), doc = "[tls]: Manager#features")]
#![cfg_attr(feature = "cluster", doc = "[cluster]: Manager::with_cluster")]
#![cfg_attr(not(feature = "cluster"), doc = "[cluster]: Manager#features")]

mod access;
mod admin;
mod admission;
mod application;
mod atomic_option;
mod clock;
#[cfg(feature = "cluster")]
mod cluster;
mod connection;
mod drain;
mod fanout;
mod http;
#[cfg(feature = "internals")]
pub mod internals;
mod journal;
mod manager;
mod metrics;
mod prometheus;
mod publish;
mod recording;
mod remote_address;
mod room_events;
mod rooms;
mod routes;
mod service;
mod services;
mod settings;
mod shared_room;
mod sockets;
mod tcp;
#[cfg(feature = "tls")]
mod tls;
mod websocket;

pub use access::{
    AccessSettings, Authoriser, EntryRequest, Gate, InvalidGate, JwtSettings, KeysError, Secret,
};
#[cfg(feature = "jwt")]
pub use access::{InvalidKeySource, KeySource, TokenClaims};
pub use admin::AdminSettings;
pub use admission::{HostPolicy, InvalidHost, InvalidOrigin, OriginPolicy, Socket};
pub use application::{Message, RoomAction, RoomError, RoomFollower, RoomHandle, RoomMessage, RoomOptions};
pub use connection::{HttpStream, Takeover};
#[cfg(feature = "cluster")]
pub use journal::{
    ClusterError, ClusterReport, ClusterSettings, InvalidNatsServer, NatsServer, StreamDifferences,
    check_cluster,
};
#[cfg(feature = "store")]
pub use journal::{
    ExportError, InvalidSyncMode, StoreError, StoreReader, StoreSettings, StoredRoom, SyncMode, forget_room,
};
pub use manager::Manager;
pub use remote_address::RemoteAddress;
pub use room_events::{Lagged, RoomChange, RoomEvent, RoomEvents};
pub use rtbroadcaster_protocol::{
    Driver, LaneReport, Limits, Operation, OwnerKey, OwnerPresence, RecordingWish, Refusal, RefusalCode,
    RoomCode, RoomId,
};
pub use service::RoomsService;
pub use settings::{RecordingSettings, Settings};
pub use sockets::Sockets;
#[cfg(feature = "tls")]
pub use tls::TlsStream;

/// The readmes, so that their code is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[doc = include_str!("../README.md")]
struct Readme;
