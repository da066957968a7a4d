//! What the bytes of a websocket go over.

use std::io::{self, ErrorKind, IoSlice, Read};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tracing::debug;

/// Bytes that the kernel may hold of what was written and not sent yet. Small, so that a follower that lags is seen to
/// lag and is served newer values later, instead of old ones out of megabytes of buffer. The same value as in most
/// HTTP/2 servers.
#[cfg(target_os = "linux")]
const NOT_SENT_BYTES: u32 = 16 * 1024;

/// A connection's stream of bytes, read by its own task and written by whoever has something for it.
pub(crate) enum Transport {
    /// Written from any task, without waiting.
    Tcp(TcpStream),
    /// Whatever else the application that mounts us serves: TLS, a Unix socket. Only the connection's own task can wait
    /// for it, so only that one writes.
    Other(Mutex<Box<dyn Stream>>),
}

/// What an upgraded request can be made of.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Transport {
    /// What is under an upgraded request, and what was read of it already. A TCP connection is taken out: hyper's buffer
    /// goes, and the socket can be told how we write.
    pub(crate) fn new(upgraded: Upgraded) -> (Self, Vec<u8>) {
        let (stream, read) = match auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded) {
            Ok(parts) => (parts.io, parts.read_buf),
            Err(upgraded) => match upgraded.downcast::<TokioIo<TcpStream>>() {
                Ok(parts) => (parts.io, parts.read_buf),
                Err(upgraded) => {
                    return (Self::Other(Mutex::new(Box::new(TokioIo::new(upgraded)))), Vec::new());
                }
            },
        };
        let stream = stream.into_inner();
        if let Err(error) = set_options(&stream) {
            debug!(%error, "the socket does not take our options");
        }
        (Self::Tcp(stream), read.to_vec())
    }

    /// A stream that isn't under an upgraded request.
    pub(crate) fn from_stream(stream: impl Stream + 'static) -> Self {
        Self::Other(Mutex::new(Box::new(stream)))
    }

    /// Whether not only the connection's own task writes to it.
    pub(crate) fn is_written_by_all(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    /// Writes what is taken without waiting. With a context, which only the connection's own task has, that task is
    /// woken when more is taken; see [`Transport::poll_writable`].
    ///
    /// # Errors
    /// `WouldBlock` if nothing is taken now; anything else ends the connection.
    pub(crate) fn write(
        &self,
        context: Option<&mut Context<'_>>,
        slices: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        match (self, context) {
            (Self::Tcp(stream), _) => match slices {
                [only] => stream.try_write(only),
                _ => stream.try_write_vectored(slices),
            },
            (Self::Other(stream), Some(context)) => {
                match Pin::new(&mut **lock(stream)).poll_write_vectored(context, slices) {
                    Poll::Ready(written) => written,
                    Poll::Pending => Err(ErrorKind::WouldBlock.into()),
                }
            }
            (Self::Other(_), None) => Err(ErrorKind::WouldBlock.into()),
        }
    }

    /// After a write that would block: ready if another may be tried at once, else the task is woken when it may.
    pub(crate) fn poll_writable(&self, context: &mut Context<'_>) -> Poll<()> {
        match self {
            // An error shows itself in the write.
            Self::Tcp(stream) => stream.poll_write_ready(context).map(drop),
            Self::Other(_) => Poll::Pending,
        }
    }

    /// Reads what is there; no bytes at the end of the stream.
    pub(crate) fn poll_read(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => loop {
                ready!(stream.poll_read_ready(context))?;
                match try_read(stream, buffer) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    read => return Poll::Ready(read),
                }
            },
            Self::Other(stream) => {
                let mut buffer = ReadBuf::new(buffer);
                ready!(Pin::new(&mut **lock(stream)).poll_read(context, &mut buffer))?;
                Poll::Ready(Ok(buffer.filled().len()))
            }
        }
    }

    /// Sends on what a stream holds back that was written to it; the task is woken to call this again if that takes time.
    ///
    /// # Errors
    /// Ends the connection.
    pub(crate) fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(_) => Poll::Ready(Ok(())),
            Self::Other(stream) => Pin::new(&mut **lock(stream)).poll_flush(context),
        }
    }

    /// Says that nothing more will be written.
    pub(crate) fn poll_shutdown(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => Poll::Ready(socket2::SockRef::from(stream).shutdown(Shutdown::Write)),
            Self::Other(stream) => Pin::new(&mut **lock(stream)).poll_shutdown(context),
        }
    }

    /// Tells a stream that is about to be dropped, as far as it takes that without waiting: under TLS the other side could
    /// not know otherwise that nobody has cut the connection.
    pub(crate) fn end(&self, context: &mut Context<'_>) {
        if let Self::Other(stream) = self {
            // Who is gone by now needs to be told nothing.
            let _ = Pin::new(&mut **lock(stream)).poll_shutdown(context);
        }
    }
}

/// Reads what is there. A buffer that isn't filled says that nothing more is, as tokio's own reads take it: the next
/// bytes are announced by the kernel, and no read is spent on finding nothing.
fn try_read(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = None;
    let tried = stream.try_io(Interest::READABLE, || {
        let bytes = (&*socket2::SockRef::from(stream)).read(buffer)?;
        count = Some(bytes);
        // Said to tokio alone: the end of the stream and a full buffer leave the socket readable.
        if (1..buffer.len()).contains(&bytes) { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
    });
    match (count, tried) {
        (Some(bytes), _) => Ok(bytes),
        (None, tried) => tried.map(|()| 0),
    }
}

/// A stream in which somebody panicked, a bug of ours or of the application's, is still a stream.
fn lock(stream: &Mutex<Box<dyn Stream>>) -> MutexGuard<'_, Box<dyn Stream>> {
    stream.lock().unwrap_or_else(PoisonError::into_inner)
}

fn set_options(stream: &TcpStream) -> io::Result<()> {
    // Nagle's algorithm and delayed acknowledgements together cost some 40 ms a message (measured).
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(NOT_SENT_BYTES)?;
    Ok(())
}
