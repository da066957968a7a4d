//! The fan-out: a room that threads share, and the way from an append to the sockets of its
//! connections.
//!
//! Connections and HTTP requests change a [`SharedRoom`] and then serve it.

mod changes;
mod containment;
mod run_state;
mod send_context;
mod shared_room;
mod subscribers;

pub(crate) use containment::contained;
pub(crate) use send_context::{SendContext, with_send_context};
pub(crate) use shared_room::{SharedRoom, Subscription};
pub(crate) use subscribers::Subscriber;

#[cfg(test)]
mod tests;
