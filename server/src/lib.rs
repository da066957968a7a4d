//! One page drives, every other page follows: the rooms of rtbroadcaster, to mount into a warp
//! application.
//!
//! An *owner* opens a room and broadcasts function calls to all *followers*. A call is a function
//! key and params. *State messages* are retained and replayed to each follower that joins later.
//! Pages take part with the npm package `rtbroadcaster`; clients of the original rtbroadcaster work
//! unchanged.
//!
//! ```no_run
//! use warp::Filter;
//!
//! #[tokio::main]
//! async fn main() {
//!     let rooms = rtbroadcaster::Manager::new(rtbroadcaster::Settings::default());
//!     let routes = warp::path("broadcasting").and(rooms.routes());
//!     warp::serve(routes).run(([127, 0, 0, 1], 8080)).await;
//! }
//! ```
//!
//! The crate `rtbroadcaster-protocol` defines the wire and every rule of a room. This crate moves
//! the bytes.

mod access;
mod admin;
mod admission;
mod application;
mod atomic_option;
mod clock;
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
mod remote_address;
mod room_events;
mod rooms;
mod routes;
mod service;
mod services;
mod settings;
mod sockets;
mod websocket;

pub use access::{
    AccessSettings, Authoriser, EntryRequest, Gate, InvalidGate, JwtSettings, KeysError, Secret,
};
#[cfg(feature = "jwt")]
pub use access::{InvalidKeySource, KeySource};
pub use admin::AdminSettings;
pub use admission::{HostPolicy, InvalidHost, InvalidOrigin, OriginPolicy, Socket};
pub use application::{Message, RoomAction, RoomError, RoomFollower, RoomHandle, RoomMessage, RoomOptions};
pub use http::HangUp;
#[cfg(feature = "store")]
pub use journal::{
    ExportError, InvalidSyncMode, StoreError, StoreReader, StoreSettings, StoredRoom, SyncMode, forget_room,
};
pub use manager::Manager;
pub use remote_address::RemoteAddress;
pub use room_events::{Lagged, RoomChange, RoomEvent, RoomEvents};
pub use rtbroadcaster_protocol::{Limits, Operation, OwnerKey, OwnerPresence, Refusal, RefusalCode, RoomId};
pub use service::RoomsService;
pub use settings::Settings;
pub use sockets::Sockets;

/// The readme, so that its code is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
