//! What the tests in `tests/` share: servers, clients, messages, and one bounded way to wait.
//!
//! Nothing here sleeps and nothing asserts a duration. A test waits for an event, by [`within`], and that "nothing
//! more" is sent is shown by a ping whose pong comes next ([`Client::hears_nothing`]).
//!
//! | | |
//! |---|---|
//! | [`Server`] | the library, mounted into a warp application in this process |
//! | [`Program`] | the program `rtbroadcaster`, as a child process |
//! | [`Client`] | a websocket client that behaves |
//! | [`RawSocket`], [`Request`] | one that need not |
//! | [`Edge`], [`Events`] | the rooms over plain HTTP, and a client of server-sent events |
//! | [`message`] | what clients say |
//! | [`entry`] | how somebody with a token gets in, or doesn't |
//! | [`Signer`], [`KeyServer`] | whoever gives out tokens, and where its public keys are |
//! | [`Certificate`] | a certificate and its key, and clients that trust it |
//! | [`Page`] | a page's session on a real socket |
//! | [`Proxy`] | a network that cuts, stalls and throttles |
//! | [`Room`], [`Witness`] | a room that speaks session fields; a room that must not notice what others do |
//! | [`Scrape`] | what Prometheus reads of a server |
//! | [`Replica`] | what a follower knows, and a check that it was told without gaps |
//! | [`sim`] | rooms, pages and a network, all of them virtual, with a model beside them |
//! | [`fuzz`] | what bytes of any kind must not break, for fuzzers and for a corpus of them |
//! | [`soak`] | clients of all kinds that come and go for as long as there is time |
//! | [`Transcript`] | a conversation, compared byte for byte with a file of `golden/` |

#![allow(clippy::missing_panics_doc, reason = "a panic is how a helper fails the test that called it")]

mod certificate;
mod client;
mod edge;
pub mod entry;
mod events;
pub mod fuzz;
mod key_server;
pub mod message;
mod page;
mod program;
mod proxy;
mod raw;
mod replica;
mod request;
mod room;
mod scrape;
mod server;
pub mod sim;
pub mod soak;
mod token;
mod transcript;
mod wait;

pub use certificate::Certificate;
pub use client::Client;
pub use edge::Edge;
pub use events::{Event, Events};
pub use key_server::KeyServer;
pub use page::{Page, number};
pub use program::{Finished, Program};
pub use proxy::Proxy;
pub use raw::{Opcode, RawSocket};
pub use replica::Replica;
pub use request::{Request, Response};
pub use room::{Room, Witness, follow, open_room};
pub use scrape::{METRICS_PATH, Scrape, metrics_change};
pub use server::{PATH, Server};
pub use token::{Signer, seconds_from_now};
pub use transcript::Transcript;
pub use wait::{eventually, within};
