//! rtbroadcaster's SDK for web pages: the thin shell around [`Session`](rtbroadcaster_protocol::Session).
//!
//! What a page may do, when, and what it is told, the session decides; here are the things that only a page has. What
//! JavaScript sees stands in `npm/index.d.ts`; `npm/index.js` adds to it what JavaScript says better.
//!
//! | file | what it holds |
//! |---|---|
//! | `entry` | `create` and `join` |
//! | `room` | the class `Room` |
//! | `driver` | one session with its socket, timer and wake-up calls |
//! | `delivery` | what of the session's events the page is told, in which order, and from when on |
//! | `registry` | function key → function, and the state messages that wait for one |
//! | `answers` | the promises of `broadcast`, `clear` and `ready` |
//! | `callbacks`, `options`, `address`, `error` | JavaScript's values, checked |
//! | `fields` | a message of the server as the browser's JSON parser leaves it |
//! | `socket`, `timer`, `wake`, `promise`, `environment` | what the browser offers |
//!
//! One rule above all: the page's code is never called while anything is borrowed, for it may call back.

mod address;
mod answers;
mod callbacks;
mod delivery;
mod driver;
mod entry;
mod environment;
mod error;
mod fields;
mod options;
mod promise;
mod registry;
mod room;
mod socket;
mod timer;
mod wake;

pub use entry::{create, join};
pub use room::Room;

#[cfg(test)]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
