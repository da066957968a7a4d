//! The SDK for Rust programs compiled to WebAssembly: the shell that js/room.js is for JavaScript,
//! by the same rules.
//!
//! | file | what it holds |
//! |---|---|
//! | `room`, `builder` | what a program sees: a room, and how it is entered |
//! | `pending`, `params`, `error`, `ending` | what it receives: answers, params, errors, the end |
//! | `driver` | drives one engine: asks it for one step at a time, and performs the step |
//! | `callback` | the program's functions, called so that none can stop the driver |
//! | `socket`, `timer`, `wake`, `environment` | what the page offers |
//! | `address` | the server's address, as a websocket's |
//! | `message` | the fields of a message of the server |
//!
//! While anything is borrowed, no function of the program is called, no future is woken, and
//! nothing that belongs to the program is dropped.

mod address;
mod builder;
mod callback;
mod driver;
mod ending;
mod environment;
mod error;
mod message;
mod params;
mod pending;
mod room;
mod socket;
mod timer;
mod wake;

pub use builder::{Creating, Joining, RoomBuilder};
pub use error::{CloseReason, Code, RoomError};
pub use params::Params;
pub use pending::Pending;
pub use room::Room;
pub use rtbroadcaster_protocol::{Audience, OwnerPresence, SessionStatus as Status};
