//! A room as the server's threads share it, and how what is new reaches everyone in it.

pub(crate) mod containment;
pub(crate) mod shared_room;
pub(crate) mod subscribers;
