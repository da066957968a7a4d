//! The SDK for Rust programs compiled to WebAssembly: the shell that js/ is for JavaScript,
//! by the same rules.
//!
//! | file | what it holds |
//! |---|---|
//! | `room`, `builder` | what a program sees: a room, and how it is entered |
//! | `pending`, `params`, `error` | what it receives: answers, params, errors, the end |
//! | `driver` | drives one engine: asks it for one step at a time, and performs the step |
//! | `callback` | the program's functions, called so that none can stop the driver |
//! | `token`, `resume` | what an entry may need: a token asked anew, a room kept across reloads |
//! | `socket`, `timer`, `wake`, `environment` | what the page offers |
//! | `http` | a connection over plain HTTP, where websockets are blocked; `no_http` without that feature |
//! | `roster` | who is there: questions, answers, and who comes and goes |
//! | `address` | the server's address, as a websocket's and over plain HTTP |
//! | `message` | the fields of a message of the server |
//!
//! While anything is borrowed, no function of the program is called, no future is woken, and
//! nothing that belongs to the program is dropped.

// The default features, with which CI checks the crate first, leave nothing unused.
#![cfg_attr(not(feature = "http"), allow(dead_code, reason = "some functions are for `http` alone"))]

mod address;
mod builder;
mod callback;
mod driver;
mod environment;
mod error;
#[cfg(feature = "http")]
mod http;
#[cfg(not(feature = "http"))]
#[path = "no_http.rs"]
mod http;
mod message;
mod params;
mod pending;
mod resume;
mod room;
mod roster;
mod socket;
mod timer;
mod token;
mod wake;

pub use builder::{Creating, Joining, RoomBuilder};
pub use error::{CloseReason, Code, RoomError};
pub use params::Params;
pub use pending::Pending;
pub use room::Room;
pub use roster::{Person, Roster, RosterChange};
pub use rtbroadcaster_protocol::{
    Audience, ClockEstimate, OwnerPresence, RecordingWish, SessionStatus as Status,
};
