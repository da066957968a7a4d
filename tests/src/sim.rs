//! The proof by simulation: a server's rooms and many pages on a virtual network with a virtual
//! clock.
//!
//! A [`Program`] is a list of random steps: broadcasts, cuts, reloads, restarts. [`run`] plays it
//! in a [`World`](world::World) that consists of real [`Room`](rtbroadcaster_protocol::Room)s,
//! [`Peer`](rtbroadcaster_protocol::Peer)s and [`Session`](rtbroadcaster_protocol::Session)s; only
//! sockets and time are virtual. After each step, a reference [`model`] and a [`witness`] in every
//! page check the guarantees of the architecture; each guarantee is an [`Invariant`]. The
//! [`harness`] draws programs from seeds and shrinks those that fail.

mod clock;
mod cluster;
mod conclusion;
mod coverage;
pub mod handovers;
pub mod harness;
mod in_step;
mod invariant;
mod journal;
pub mod lanes;
mod link;
pub mod model;
mod moment;
#[cfg(feature = "mutations")]
pub mod mutants;
pub mod one_moment;
mod page;
mod page_end;
pub mod people;
mod program;
pub mod recordings;
mod sent;
mod server;
mod server_end;
pub mod small;
mod steps;
pub(crate) mod table;
pub mod witness;
pub mod world;

pub use cluster::CLUSTER_GOALS;
pub use coverage::{Coverage, GOALS};
pub use harness::{Failure, Setup, check_seed, check_seeds};
pub use invariant::{Invariant, Violation};
pub use program::{ClusterStep, Program, Settings, Step};
pub use world::{Run, run};
