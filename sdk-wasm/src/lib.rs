//! rtbroadcaster's SDK for web pages: one page drives, every other page follows.
//!
//! # For Rust programs compiled to WebAssembly
//!
//! ```toml
//! [dependencies.rtbroadcaster-sdk]
//! git = "https://github.com/pablanka/rtbroadcaster"
//! default-features = false
//! features = ["web"]
//! ```
//!
//! ```no_run,standalone_crate
//! use rtbroadcaster_sdk::{Room, RoomError};
//!
//! async fn drive() -> Result<Room, RoomError> {
//!     let room = Room::create("/broadcasting").await?;
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
//! [`Room`] is where to begin. The feature `javascript`, on by default for the npm package, exports `create`, `join` and
//! `rtbroadcaster_call` to JavaScript from whatever this crate is linked into: a Rust program leaves it out, as above.
//!
//! # How it is built
//!
//! The shell around [`Session`](rtbroadcaster_protocol::Session).
//! What a page may do, when, and what it is told, the session decides; here is what comes to it in a page. What
//! JavaScript sees stands in `npm/index.d.ts`.
//!
//! | file | what it holds |
//! |---|---|
//! | `engine` | one session and the delivery of its events: says which step is to be taken next |
//! | `delivery` | what of the session's events the page is told, in which order, and from when on |
//! | `backlog` | what came while the page was detached |
//! | `registry` | function key → function, and the state messages that wait for one |
//! | `step` | what is to be done |
//! | `engines`, `bridge`, `opcode` | the core as JavaScript drives it: numbers and texts, and nothing that could call back |
//! | `fields`, `params` | a message of the server as the browser's JSON parser leaves it |
//! | `exports` | `create` and `join`, where they are not js/room.js's |
//! | `web` | all that js/room.js is, for Rust programs |
//! | `js/room.js` | socket, timer, promises, callbacks, arguments: what is smaller in the browser's own language |
//!
//! One rule above all: the page's code is never called while anything is borrowed, for it may call back. It is kept by
//! construction: JavaScript asks for one step at a time and takes it when Rust has returned.

#![no_std]

extern crate alloc;
#[cfg(not(feature = "npm"))]
extern crate std;

mod backlog;
#[cfg(feature = "javascript")]
mod bridge;
mod catch_up;
mod delivery;
mod engine;
#[cfg(feature = "javascript")]
mod engines;
#[cfg(all(feature = "javascript", not(feature = "npm")))]
mod exports;
#[cfg(feature = "javascript")]
mod fields;
#[cfg(feature = "javascript")]
mod opcode;
#[cfg(feature = "javascript")]
mod params;
#[cfg(feature = "npm")]
mod program;
mod registry;
mod step;
#[cfg(feature = "web")]
mod web;

#[cfg(feature = "web")]
pub use catch_up::CatchUp;
#[cfg(feature = "javascript")]
pub use engines::rtbroadcaster_call;
#[cfg(all(feature = "javascript", not(feature = "npm")))]
pub use exports::{create, join};
#[cfg(feature = "web")]
pub use web::{
    Audience, CloseReason, Code, Creating, Joining, OwnerPresence, Params, Pending, Room, RoomBuilder,
    RoomError, Status,
};
#[cfg(all(feature = "npm", feature = "web"))]
compile_error!("the feature `npm` does without what `web` needs: build with `--no-default-features`");
#[cfg(not(any(feature = "javascript", feature = "web")))]
compile_error!("choose the feature `web`, for Rust programs, or `javascript`");

#[cfg(test)]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
