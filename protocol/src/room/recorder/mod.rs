//! Whether a room is recorded: how its owner asks for it, and what the room and its recorder know
//! of each other.

mod of_room;
mod state;

pub(crate) use state::RecorderState;
pub use state::{RecorderHost, RecorderStart};
