//! TCP sockets as the server uses them, with TLS over them or without.

use std::io::{self, ErrorKind, Read};
use std::task::{Context, Poll, ready};

use tokio::io::Interest;
use tokio::net::TcpStream;

/// Written bytes that the kernel may hold before it sends them. The number is small so that the
/// server sees when a follower lags: the follower then gets newer values later instead of old ones
/// out of megabytes of buffer. Most HTTP/2 servers use the same value.
#[cfg(target_os = "linux")]
const NOT_SENT_BYTES: u32 = 16 * 1024;

/// Sets the options of a socket to which a fan-out writes.
pub(crate) fn set_options(socket: &TcpStream) -> io::Result<()> {
    // Nagle's algorithm and delayed acknowledgements together cost some 40 ms a message (measured).
    socket.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(socket).set_tcp_notsent_lowat(NOT_SENT_BYTES)?;
    Ok(())
}

/// Reads what is there. Reads no bytes at the end of the stream.
pub(crate) fn poll_read(
    socket: &TcpStream,
    context: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<io::Result<usize>> {
    loop {
        ready!(socket.poll_read_ready(context))?;
        match try_read(socket, buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            read => return Poll::Ready(read),
        }
    }
}

/// Reads what is there. A read that doesn't fill the buffer has emptied the socket, as in tokio's
/// own reads: the kernel announces the next bytes, so no read is spent on finding nothing.
fn try_read(socket: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = None;
    let tried = socket.try_io(Interest::READABLE, || {
        let bytes = (&*socket2::SockRef::from(socket)).read(buffer)?;
        count = Some(bytes);
        // Only tokio sees this error. After the end of the stream or a full buffer the socket stays
        // readable.
        if (1..buffer.len()).contains(&bytes) { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
    });
    match (count, tried) {
        (Some(bytes), _) => Ok(bytes),
        (None, tried) => tried.map(|()| 0),
    }
}

/// Writes what a socket takes without waiting.
pub(crate) fn try_write(socket: &TcpStream, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
    match slices {
        [only] => socket.try_write(only),
        _ => socket.try_write_vectored(slices),
    }
}
