//! The fan-out: the way from a room to the sockets of the connections that are subscribed to it.
//!
//! # What happens to one action
//!
//! 1. The thread that has appended it announces it to the room's [`Subscribers`]. If another thread
//!    fans out already, that one makes one more pass, and the first goes on with its own work.
//! 2. A [`Pass`] goes over all subscribers, chunk by chunk. A chunk is some subscribers behind one
//!    lock; who takes part in the pass takes the next chunk.
//! 3. Of each subscriber a chunk knows its [`Standing`](rtbroadcaster_protocol::Standing): what it
//!    was sent. Mostly all have the same. For the first of them the room is locked and a frame is
//!    cut out of its log; all others with this standing get the same bytes. This is *in step*, and
//!    costs a comparison and a system call for each.
//! 4. Whoever can't be served in step is served *alone*, right after its chunk, by
//!    [`Subscriber::deliver`]: an owner, a stream of events, a client that takes only a part of a
//!    frame, and everybody when there are news of the owner or the end of the room. Its connection
//!    locks its own state, asks its peer, and gets in step again if it can.
//! 5. A connection whose client still doesn't take everything unsubscribes. Its own task sends the
//!    rest when the client takes more, and then subscribes again.
//!
//! # Who may write to a client
//!
//! While a connection is in step, only the fan-out writes to its client, under the chunk's lock. A
//! connection that has anything of its own to send leaves its step first. Then only the holder of
//! the connection's state does, as it is for one that isn't subscribed. So no frame is torn by
//! another one.
//!
//! # Why nothing is missed
//!
//! A connection gets in step only while it is subscribed and, under the room's lock, has everything
//! that may be served. What is appended after that is announced after that, and a pass that finds
//! the connection alone calls [`Subscriber::deliver`], which waits for the connection's state.
//!
//! # Locks
//!
//! They are taken in this order: a connection's state, the list of chunks, a chunk, the room. The
//! lock of a TLS stream, or of any stream that isn't TCP, comes after a chunk's, and never together
//! with the room's.

mod chunk;
mod containment;
mod run_state;
mod send_context;
mod socket;
mod step_frames;
mod subscriber;
mod subscribers;

pub(crate) use chunk::LeftStep;
pub(crate) use containment::contained;
pub(crate) use send_context::{SendContext, with_send_context};
pub(crate) use step_frames::{Next, Source};
pub(crate) use subscriber::Subscriber;
pub(crate) use subscribers::{Pass, Subscribers, Subscription};

#[cfg(test)]
mod tests;
