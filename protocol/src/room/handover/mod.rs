//! How a room is entered with a key, and how the right to write passes from one member to another.

mod asking;
mod claiming;
mod entering;
mod passing;
mod questions;

pub(crate) use entering::{MemberEntry, SeatState};
pub use questions::MadeKey;
pub(crate) use questions::{MemberAsker, may_write_already, rendered};
