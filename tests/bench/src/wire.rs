//! The bytes on the sockets, from both ends: handshakes, frames, messages, and the stamp in each
//! message.

pub(crate) mod dialect;
pub(crate) mod events;
pub(crate) mod frame;
pub(crate) mod handshake;
pub(crate) mod http;
pub(crate) mod message;
pub(crate) mod stamp;
