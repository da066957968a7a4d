//! The SDK for Rust programs compiled to WebAssembly: what js/room.js is for JavaScript, by the same rules.
//!
//! | file | what it holds |
//! |---|---|
//! | `room`, `builder` | what a program sees: a room, and how it is entered |
//! | `pending`, `params`, `error`, `ending` | what it is given: answers, params, errors, the reason of the end |
//! | `driver` | one core with all that it needs of a page: asks it for one step at a time, and takes it |
//! | `callback` | the program's functions, none of which can take the driver down |
//! | `socket`, `timer`, `wake`, `environment` | the page |
//! | `address`, `message` | what the program says as a websocket's address; what the server says as fields |
//!
//! No function of the program is called, no future woken and nothing of the program's dropped while anything is borrowed.

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
