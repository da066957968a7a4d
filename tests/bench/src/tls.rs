//! TLS for the floor and the load generator, with the cryptography and the versions that the server
//! has.

mod certificate;
mod stream;

pub(crate) use certificate::{Certificate, client_config};
pub(crate) use stream::{Reading, Stream};
