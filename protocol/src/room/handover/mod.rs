//! How a room is entered with a key, and how the right to write passes from one member to another.

mod asking;
mod claiming;
mod entering;
mod passing;

pub(crate) use entering::{MemberEntry, SeatState};
