//! Shared by the tests in `tests/`: servers, clients, messages, and one bounded way to wait.
//!
//! No test sleeps or asserts a duration, but for those that compare the way of events through a
//! proxy with the direct one. A test waits for an event with [`within`]. To show that
//! the server sends nothing more, it sends a ping whose pong must come next
//! ([`Client::hears_nothing`]).
//!
//! | | |
//! |---|---|
//! | [`Server`] | the library, mounted into a warp application in this process |
//! | [`Program`] | the program `rtbroadcaster`, as a child process |
//! | [`Client`] | a well-behaved websocket client |
//! | [`RawSocket`], [`Request`] | clients that need not behave |
//! | [`Edge`], [`Events`] | the rooms over plain HTTP, and a client of server-sent events |
//! | [`message`] | the messages of clients |
//! | [`entry`] | how a client with a token is let in or refused |
//! | [`Signer`], [`KeyServer`] | a token issuer, and a web server with its public keys |
//! | [`Certificate`] | a certificate and its key, and clients that trust it |
//! | [`Page`] | a page's session on a real socket |
//! | [`Proxy`] | a network that cuts, stalls and throttles |
//! | [`WebProxy`] | nginx, Apache, HAProxy, Varnish and Caddy, as docs/operating.md shows them |
//! | [`tool`] | a program that a test needs, or the reason why it is skipped |
//! | [`Room`], [`Witness`] | a room that speaks session fields; a room that must not notice what others do |
//! | [`Scrape`] | a server's metrics, as Prometheus reads them |
//! | [`Replica`] | what a follower knows, and a check that it misses nothing unnoticed |
//! | [`sim`] | virtual rooms, pages and networks, and a model to compare them with |
//! | [`fuzz`] | rules that must hold for any bytes, for fuzzers and for their corpus |
//! | [`load`] | clients that check that they lose nothing, whatever happens to their servers |
//! | [`kills`] | a server that is killed again and again, with stored rooms, under that load |
//! | [`cluster_kills`] | a cluster to which one thing after another happens under that load |
//! | [`cluster`] | real NATS servers, several nodes on them, and what can happen to either |
//! | [`soak`] | clients of all kinds that come and go for a given time |
//! | [`Transcript`] | a conversation, compared byte for byte with a file of `golden/` |

#![allow(clippy::missing_panics_doc, reason = "a panic is how a helper fails the test that called it")]

mod certificate;
mod client;
pub mod cluster;
pub mod cluster_kills;
mod edge;
pub mod entry;
mod events;
pub mod fuzz;
mod key_server;
pub mod kills;
pub mod load;
pub mod message;
mod page;
mod program;
mod proxy;
mod python;
mod random;
mod raw;
mod replica;
mod request;
mod room;
mod scrape;
mod server;
pub mod sim;
pub mod soak;
mod token;
mod tool;
mod transcript;
mod wait;
mod web_proxy;

pub use certificate::Certificate;
pub use client::Client;
pub use edge::Edge;
pub use events::{Event, Events};
pub use key_server::KeyServer;
pub use page::{Page, number};
pub(crate) use program::signal;
pub use program::{Finished, Program};
pub use proxy::Proxy;
pub use python::python_program;
pub use random::Random;
pub use raw::{Opcode, RawSocket};
pub use replica::Replica;
pub use request::{Request, Response};
pub use room::{Room, Witness, follow, open_room};
pub use scrape::{HOW_MUCH, METRICS_PATH, Scrape, metrics_change};
pub use server::{PATH, Server};
pub use token::{Signer, seconds_from_now};
pub use tool::{dist, skip, tool};
pub use transcript::Transcript;
pub use wait::{eventually, until, within};
pub use web_proxy::{CLIENT, ProxyKind, SITE, WebProxy};
