//! The byte stream under a connection: a TCP socket, or any other stream that an application
//! serves.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::unconstrained;
use tracing::debug;

use crate::tcp;
#[cfg(feature = "tls")]
use crate::tls::TlsStream;

/// A connection's byte stream. Its own task reads it; any thread may write to it.
pub(crate) enum Transport {
    /// A socket. Every thread can write to it without waiting.
    Tcp(TcpStream),
    /// TLS over a socket. Every thread can write to it, one at a time.
    #[cfg(feature = "tls")]
    Tls(TlsStream),
    /// Any other stream, for example a Unix socket. One thread at a time can do something with it.
    Other(Mutex<OtherStream>),
}

/// A stream, and who is woken when it takes or has more.
pub(crate) struct OtherStream {
    stream: Box<dyn Stream>,
    /// The connection's own task. None before its first turn.
    task: Option<Waker>,
}

/// A stream that an HTTP connection can be served on.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Transport {
    /// A transport over a TCP socket.
    pub(super) fn from_socket(stream: TcpStream) -> Self {
        if let Err(error) = tcp::set_options(&stream) {
            debug!(%error, "the socket does not take our options");
        }
        Self::Tcp(stream)
    }

    /// A transport over any other stream.
    pub(crate) fn from_stream(stream: impl Stream + 'static) -> Self {
        Self::from_boxed(Box::new(stream))
    }

    /// The same, for a stream in a box.
    pub(super) fn from_boxed(stream: Box<dyn Stream>) -> Self {
        Self::Other(Mutex::new(OtherStream { stream, task: None }))
    }

    /// The socket, if that is all of it.
    #[cfg(unix)]
    pub(crate) fn socket(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Tcp(stream) => Some(stream.as_fd()),
            #[cfg(feature = "tls")]
            Self::Tls(_) => None,
            Self::Other(_) => None,
        }
    }

    /// Writes as much as the stream takes without waiting. Only the connection's own task passes a
    /// context; it is then woken when the stream takes more. See [`Transport::poll_writable`].
    /// Without a context that task is woken to go on with what the stream holds back.
    ///
    /// # Errors
    /// `WouldBlock`: the stream takes nothing now. Any other error ends the connection.
    pub(crate) fn write(
        &self,
        context: Option<&mut Context<'_>>,
        slices: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        match (self, context) {
            (Self::Tcp(stream), _) => tcp::try_write(stream, slices),
            #[cfg(feature = "tls")]
            (Self::Tls(stream), Some(context)) => ready_or_blocked(stream.poll_write(context, slices)),
            #[cfg(feature = "tls")]
            (Self::Tls(stream), None) => stream.try_write(slices),
            (Self::Other(stream), Some(context)) => {
                let written = lock(stream).of(context).poll_write_vectored(context, slices);
                ready_or_blocked(written)
            }
            (Self::Other(stream), None) => lock(stream).write_and_flush(slices),
        }
    }

    /// Called after a write that would block. Ready if another write may be tried at once;
    /// otherwise the task is woken when it may.
    pub(crate) fn poll_writable(&self, context: &mut Context<'_>) -> Poll<()> {
        match self {
            // The write itself reports an error.
            Self::Tcp(stream) => stream.poll_write_ready(context).map(drop),
            #[cfg(feature = "tls")]
            Self::Tls(_) => Poll::Pending,
            Self::Other(_) => Poll::Pending,
        }
    }

    /// Reads what is there. Reads no bytes at the end of the stream.
    pub(crate) fn poll_read(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => tcp::poll_read(stream, context, buffer),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.poll_read(context, buffer),
            Self::Other(stream) => {
                let mut buffer = ReadBuf::new(buffer);
                ready!(lock(stream).of(context).poll_read(context, &mut buffer))?;
                Poll::Ready(Ok(buffer.filled().len()))
            }
        }
    }

    /// Flushes bytes that a stream holds back. If that takes time, the task is woken to call this
    /// again.
    ///
    /// # Errors
    /// Any error ends the connection.
    pub(crate) fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(_) => Poll::Ready(Ok(())),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.poll_flush(context),
            Self::Other(stream) => lock(stream).of(context).poll_flush(context),
        }
    }

    /// Says that nothing more will be written.
    pub(crate) fn poll_shutdown(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => Poll::Ready(socket2::SockRef::from(stream).shutdown(Shutdown::Write)),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.poll_shutdown(context),
            Self::Other(stream) => lock(stream).of(context).poll_shutdown(context),
        }
    }

    /// Closes a stream that is about to be dropped, as far as it goes without waiting. Over TLS the
    /// client can then tell an orderly end from a cut connection.
    pub(crate) fn end(&self, context: &mut Context<'_>) {
        if !matches!(self, Self::Tcp(_)) {
            // A client that is gone needs no notice.
            let _ = self.poll_shutdown(context);
        }
    }
}

impl OtherStream {
    /// The stream, for the connection's own task.
    fn of(&mut self, context: &Context<'_>) -> Pin<&mut dyn Stream> {
        if self.task.as_ref().is_none_or(|task| !task.will_wake(context.waker())) {
            self.task = Some(context.waker().clone());
        }
        Pin::new(&mut *self.stream)
    }

    /// Writes for another task than the connection's own. If the stream holds back bytes, the own
    /// task is woken when that has changed.
    fn write_and_flush(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let Some(task) = self.task.clone() else { return Err(ErrorKind::WouldBlock.into()) };
        let mut stream = Pin::new(&mut *self.stream);
        let write = poll_fn(|context| {
            let written = ready!(stream.as_mut().poll_write_vectored(context, slices))?;
            if let Poll::Ready(Err(_)) = stream.as_mut().poll_flush(context) {
                // The own task flushes again, and finds the error.
                context.waker().wake_by_ref();
            }
            Poll::Ready(Ok(written))
        });
        // A fan-out writes to more streams in one turn than tokio allows a task.
        let write = pin!(unconstrained(write));
        ready_or_blocked(write.poll(&mut Context::from_waker(&task)))
    }
}

fn ready_or_blocked(written: Poll<io::Result<usize>>) -> io::Result<usize> {
    match written {
        Poll::Ready(written) => written,
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}

/// A stream stays usable after a panic, which is a bug of ours or of the application's.
fn lock(stream: &Mutex<OtherStream>) -> MutexGuard<'_, OtherStream> {
    stream.lock().unwrap_or_else(PoisonError::into_inner)
}
