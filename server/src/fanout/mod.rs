//! A room as the server's threads share it, and how what is new reaches everyone in it.

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
