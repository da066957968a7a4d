//! rtbroadcaster's SDK for web pages: one page drives, every other page follows.
//!
//! # For Rust programs compiled to WebAssembly
//!
//! ```toml
//! [dependencies.rtbroadcaster-sdk]
//! path = "…/sdk-wasm"         # in a checkout, until the crate is published
//! default-features = false
//! features = ["web", "http"]
//! ```
//!
//! ```no_run,standalone_crate
//! use rtbroadcaster_sdk::{Room, RoomError};
//!
//! async fn drive() -> Result<Room, RoomError> {
//!     let room = Room::create("/broadcasting").resume(true).await?;
//!     room.broadcast_state("goTo", &(3,)).await?;
//!     Ok(room)
//! }
//!
//! async fn follow(uuid: &str) -> Result<Room, RoomError> {
//!     let room = Room::join("/broadcasting", uuid).await?;
//!     room.on_typed("goTo", |(slide,): (u32,)| show(slide));
//!     room.on("stroke", |params| draw(params.into_array()));
//!     room.on_close(|reason| show_end(&reason.message));
//!     Ok(room)
//! }
//! # fn show(_: u32) {}
//! # fn draw(_: js_sys::Array) {}
//! # fn show_end(_: &str) {}
//! ```
//!
//! Begin with [`Room`]; [`RoomBuilder`] has the options with which a room is entered:
//!
//! - [`resume`](RoomBuilder::resume) keeps an owner's room across reloads of its page, where the
//!   npm package keeps it too;
//! - [`token_with`](RoomBuilder::token_with) asks a function of the program for the token, anew for
//!   each connection.
//!
//! With the feature `http`, a room goes over plain HTTP where websockets are blocked, as it does in
//! the npm package. A program is some 23 kB (gzip) larger with it.
//!
//! The feature `javascript`, on by default for the npm package, exports
//! `create`, `join` and `RoomEngine` to JavaScript from every program that links this
//! crate. A Rust program leaves the feature out, as above.
//!
//! # How it is built
//!
//! [`Session`](rtbroadcaster_protocol::Session) decides what a page may do and when, and which
//! events it receives. This crate is the shell around a session: it connects the session to what a
//! page offers. What JavaScript sees is documented in `npm/index.d.ts`.
//!
//! | file | what it holds |
//! |---|---|
//! | `engine` | one session and the delivery of its events; it names the next step to perform |
//! | `step` | a step: one thing that the shell must do |
//! | `delivery` | which events the page receives, in which order, and from when on |
//! | `backlog`, `catch_up` | what came while the page was detached, and how it catches up |
//! | `registry` | function key → function, and the state messages that wait for a function |
//! | `attempts` | when a room goes over a websocket, and when over plain HTTP |
//! | `ending`, `decisions` | why a room ended, and what else both shells decide alike |
//! | `room_engine`, `enums` | the engine as JavaScript drives it, by names |
//! | `fields`, `params` | a message of the server, as the browser's JSON parser returns it |
//! | `exports` | `create` and `join` for packages built with wasm-pack |
//! | `program` | the allocator and the panic handler of the npm package's wasm |
//! | `web` | the shell for Rust programs |
//! | `../js` | the shell for JavaScript: socket, timer, promises, callbacks, arguments |
//!
//! One rule above all: the page's code is never called while anything is borrowed, because it may
//! call back. The structure keeps this rule: the shell asks for one step, the engine returns it and
//! is borrowed no longer, and then the shell performs the step.

#![no_std]

extern crate alloc;
#[cfg(not(feature = "npm"))]
extern crate std;

mod attempts;
mod backlog;
mod catch_up;
#[cfg_attr(not(feature = "web"), allow(dead_code, reason = "js/decisions.js is made of the others"))]
mod decisions;
mod delivery;
mod ending;
mod engine;
#[cfg(feature = "javascript")]
mod enums;
#[cfg(all(feature = "javascript", not(feature = "npm")))]
mod exports;
#[cfg(feature = "javascript")]
mod fields;
#[cfg(feature = "javascript")]
mod params;
#[cfg(feature = "javascript")]
mod parts;
#[cfg(feature = "npm")]
mod program;
mod registry;
#[cfg(feature = "javascript")]
mod room_engine;
mod step;
#[cfg(feature = "web")]
mod web;

#[cfg(feature = "web")]
pub use catch_up::CatchUp;
#[cfg(all(feature = "javascript", not(feature = "npm")))]
pub use exports::{create, join};
#[cfg(feature = "javascript")]
pub use room_engine::RoomEngine;
#[cfg(feature = "web")]
pub use web::{
    Audience, ClockEstimate, CloseReason, Code, Creating, Joining, OwnerPresence, Params, Pending, Person,
    RecordingWish, Room, RoomBuilder, RoomError, Roster, RosterChange, Status,
};
#[cfg(all(feature = "npm", feature = "web"))]
compile_error!("the feature `npm` does without what `web` needs: build with `--no-default-features`");
#[cfg(not(any(feature = "javascript", feature = "web")))]
compile_error!("choose the feature `web`, for Rust programs, or `javascript`");

#[cfg(test)]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
