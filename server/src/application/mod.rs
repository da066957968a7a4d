//! What the application itself does with rooms: it opens, drives, follows and closes them from
//! Rust, beside the clients that are connected.

mod error;
mod follower;
mod handle;
mod message;
mod opening;

pub use error::RoomError;
pub use follower::{RoomAction, RoomFollower, RoomMessage};
pub use handle::RoomHandle;
pub use message::Message;
pub use opening::RoomOptions;
