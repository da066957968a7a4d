//! Recordings of rooms: a follower whose socket is a file. A recorder never makes its room wait: a
//! disk that fails or is slow ends the recording.

mod blocking;
mod files;
mod index;
mod part;
mod recordings;
mod starting;
mod task;
mod upkeep;

pub(crate) use blocking::blocking;
pub(crate) use part::{Part, PartId, PartState};
pub(crate) use recordings::Recordings;
pub(crate) use starting::RecorderStarter;
