//! rtbroadcaster's SDK for web pages: the shell around [`Session`](rtbroadcaster_protocol::Session).
//!
//! What a page may do, when, and what it is told, the session decides; here is what comes to it in a page. What
//! JavaScript sees stands in `npm/index.d.ts`.
//!
//! | file | what it holds |
//! |---|---|
//! | `core` | one session and the delivery of its events: says which step is to be taken next |
//! | `delivery` | what of the session's events the page is told, in which order, and from when on |
//! | `backlog` | what came while the page was detached |
//! | `registry` | function key → function, and the state messages that wait for one |
//! | `step`, `ending` | what is to be done, and what is told of the end |
//! | `bridge` | the core as JavaScript drives it: numbers and texts, and nothing that could call back |
//! | `fields` | a message of the server as the browser's JSON parser leaves it |
//! | `js/room.js` | socket, timer, promises, callbacks, arguments: what is smaller in the browser's own language |
//!
//! One rule above all: the page's code is never called while anything is borrowed, for it may call back. It is kept by
//! construction: JavaScript asks for one step at a time and takes it when Rust has returned.

#![no_std]

extern crate alloc;
#[cfg(any(test, not(feature = "npm")))]
extern crate std;

mod backlog;
mod bridge;
mod core;
mod delivery;
mod ending;
mod fields;
mod registry;
mod step;

pub use bridge::{Bridge, create, join};

#[cfg(test)]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
