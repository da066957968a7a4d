//! What the bytes of a websocket go over.

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tracing::debug;

/// Bytes that the kernel may hold of what was written and not sent yet. Small, so that a follower that lags is seen to
/// lag and is served newer values later, instead of old ones out of megabytes of buffer. The same value as in most
/// HTTP/2 servers.
#[cfg(target_os = "linux")]
const NOT_SENT_BYTES: u32 = 16 * 1024;

/// A TCP connection, or whatever the application that mounts us serves.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// What is under an upgraded request, and what was read of it already. A TCP connection is taken out: hyper's buffer
/// goes, and the socket can be told how we write.
pub(crate) fn into_stream(upgraded: Upgraded) -> (Box<dyn Stream>, Vec<u8>) {
    let (stream, read) = match auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => (parts.io, parts.read_buf),
        Err(upgraded) => match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => (parts.io, parts.read_buf),
            Err(upgraded) => return (Box::new(TokioIo::new(upgraded)), Vec::new()),
        },
    };
    let stream = stream.into_inner();
    if let Err(error) = set_options(&stream) {
        debug!(%error, "the socket does not take our options");
    }
    (Box::new(stream), read.to_vec())
}

fn set_options(stream: &TcpStream) -> std::io::Result<()> {
    // Nagle's algorithm and delayed acknowledgements together cost some 40 ms a message (measured).
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(NOT_SENT_BYTES)?;
    Ok(())
}
