//! TLS over a TCP connection, to which any thread can write without waiting.
//!
//! rustls does the cryptography and keeps the state of the connection. The buffers are here, and
//! each thread lends its own: a silent client costs none, and a fan-out encrypts and writes without
//! the connection's task.

mod lent;
mod records;
mod session;

use std::fmt;
use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::rustls::ServerConfig;
use tracing::debug;

use crate::tcp;
use lent::{Lent, with_lent};
use session::Session;

/// The most text of one record (RFC 8446 section 5.1).
const RECORD_BYTES: usize = 16 * 1024;

/// A TCP connection with TLS, for an accept loop that serves it as an
/// [`HttpStream`](crate::HttpStream). A follower on it costs 4 KiB less than on a stream of
/// tokio-rustls, and a message wakes no task.
///
/// ```no_run
/// use std::io;
/// use std::sync::Arc;
///
/// use rtbroadcaster::{HttpStream, TlsStream};
/// use tokio::net::TcpListener;
/// use tokio_rustls::rustls::ServerConfig;
///
/// # async fn accept(listener: TcpListener, config: Arc<ServerConfig>) -> io::Result<HttpStream> {
/// let (socket, _remote) = listener.accept().await?;
/// // Bound this by a timeout, and run it in a task of the connection's own.
/// let stream = TlsStream::accept(config, socket).await?;
/// Ok(HttpStream::new(stream))
/// # }
/// ```
pub struct TlsStream(Box<Shared>);

struct Shared {
    socket: TcpStream,
    session: Mutex<Session>,
}

impl TlsStream {
    /// Does the server's half of the handshake. It has no timeout of its own.
    ///
    /// # Errors
    /// `InvalidInput`: the `config` allows early data. `InvalidData`: the client doesn't speak TLS,
    /// or none that fits the `config`; mostly it was told so. `UnexpectedEof`: the client is gone.
    /// Any other error is one of the socket.
    pub async fn accept(config: Arc<ServerConfig>, socket: TcpStream) -> io::Result<Self> {
        if config.max_early_data_size > 0 {
            let what = "a TlsStream takes no early data: leave max_early_data_size at 0";
            return Err(io::Error::new(ErrorKind::InvalidInput, what));
        }
        if let Err(error) = tcp::set_options(&socket) {
            debug!(%error, "the socket does not take our options");
        }
        let session = Mutex::new(Session::new(config)?);
        let stream = Self(Box::new(Shared { socket, session }));
        poll_fn(|context| stream.0.poll_handshake(context)).await?;
        Ok(stream)
    }

    /// Writes what the socket takes without waiting. `WouldBlock`: nothing. The connection's task
    /// is woken to flush a record of which the socket has taken only a part.
    pub(crate) fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut session = self.0.session();
        if session.task.is_none() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let written = self.0.write(&mut session, slices)?;
        if let Some(task) = session.task.as_ref().filter(|_| !session.outgoing.is_empty()) {
            task.wake_by_ref();
        }
        Ok(written)
    }

    /// Writes as much as [`TlsStream::try_write`]. If that is nothing, the task is woken when the
    /// socket takes more.
    pub(crate) fn poll_write(
        &self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut session = self.0.session_of(context);
        loop {
            ready!(self.0.poll_flush(&mut session, context))?;
            match self.0.write(&mut session, slices) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ready!(self.0.socket.poll_write_ready(context))?;
                }
                written => return Poll::Ready(written),
            }
        }
    }

    /// Reads what is there. Reads no bytes at the end of the stream.
    pub(crate) fn poll_read(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_read(&mut self.0.session_of(context), context, buffer)
    }

    /// Sends what the socket hasn't taken yet.
    pub(crate) fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_flush(&mut self.0.session_of(context), context)
    }

    /// Says that nothing more will be written.
    pub(crate) fn poll_shutdown(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut session = self.0.session_of(context);
        // A client that has broken the rules is sent its alert.
        let closed = session.close();
        ready!(self.0.poll_flush(&mut session, context))?;
        let shut_down = socket2::SockRef::from(&self.0.socket).shutdown(Shutdown::Write);
        Poll::Ready(match shut_down {
            // The client is gone already.
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(()),
            shut_down => closed.and(shut_down),
        })
    }
}

impl Shared {
    fn session(&self) -> MutexGuard<'_, Session> {
        // A panic, which is a bug of ours or of rustls, may have left half a record. The client
        // finds that out, and nobody else does.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session, for a task that can be woken. [`TlsStream::try_write`] wakes the last one.
    fn session_of(&self, context: &Context<'_>) -> MutexGuard<'_, Session> {
        let mut session = self.session();
        if session.task.as_ref().is_none_or(|task| !task.will_wake(context.waker())) {
            session.task = Some(context.waker().clone());
        }
        session
    }

    fn poll_handshake(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut session = self.session_of(context);
        loop {
            ready!(self.poll_flush(&mut session, context))?;
            if !session.is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            // Text may come with the last message of the handshake. It is kept.
            ready!(self.poll_receive(&mut session, context, &mut []))?;
        }
    }

    fn poll_read(
        &self,
        session: &mut Session,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            if let Some(count) = session.take_text(buffer)? {
                return Poll::Ready(Ok(count));
            }
            // What came may hold no text.
            match ready!(self.poll_receive(session, context, buffer))? {
                0 => {}
                count => return Poll::Ready(Ok(count)),
            }
        }
    }

    /// Reads once from the socket. Returns how much text came.
    fn poll_receive(
        &self,
        session: &mut Session,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        with_lent(|Lent { wire, .. }| {
            let kept = session.copy_incoming(wire)?;
            let count = ready!(tcp::poll_read(&self.socket, context, &mut wire[kept..]))?;
            if count == 0 {
                return Poll::Ready(Err(ErrorKind::UnexpectedEof.into()));
            }
            let received = session.receive(&mut wire[..kept + count], buffer);
            // An answer of TLS itself, such as the alert of an error, leaves at once if it can.
            // Whoever writes or flushes next sends the rest, and finds an error of the socket.
            let _ = self.flush(session);
            Poll::Ready(received)
        })
    }

    fn poll_flush(&self, session: &mut Session, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.flush(session) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ready!(self.socket.poll_write_ready(context))?;
                }
                flushed => return Poll::Ready(flushed),
            }
        }
    }

    /// Sends what the socket hasn't taken yet. `WouldBlock`: something is left.
    fn flush(&self, session: &mut Session) -> io::Result<()> {
        while !session.outgoing.is_empty() {
            match self.socket.try_write(&session.outgoing) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => drop(session.outgoing.drain(..count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        session.outgoing = Vec::new();
        Ok(())
    }

    /// Encrypts and writes record after record, until the socket takes no more.
    fn write(&self, session: &mut Session, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        let mut written = 0;
        while written < length {
            match self.write_record(session, slices, written) {
                Err(error) if error.kind() == ErrorKind::WouldBlock && written > 0 => break,
                record => written += record?,
            }
        }
        Ok(written)
    }

    /// Encrypts one record of what stands behind `start`, and writes it. Keeps what the socket
    /// doesn't take of it.
    fn write_record(&self, session: &mut Session, slices: &[IoSlice<'_>], start: usize) -> io::Result<usize> {
        if !session.outgoing.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        // What is encrypted must be sent. So nothing is encrypted for a socket that takes nothing.
        self.socket.try_io(Interest::WRITABLE, || Ok(()))?;
        with_lent(|Lent { text, record, .. }| {
            let text = gathered(slices, start, text);
            record.clear();
            session.encrypt(text, record)?;
            let sent = match self.socket.try_write(record) {
                Ok(sent) => sent,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => 0,
                Err(error) => {
                    // Without this record the client could read no other.
                    session.fail();
                    return Err(error);
                }
            };
            session.outgoing = record[sent..].to_vec();
            Ok(text.len())
        })
    }
}

/// What several slices hold together behind `start`, at most as much as one record does.
fn gathered<'a>(slices: &'a [IoSlice<'_>], start: usize, text: &'a mut Vec<u8>) -> &'a [u8] {
    if let [only] = slices {
        let rest = &only[start..];
        return &rest[..rest.len().min(RECORD_BYTES)];
    }
    text.clear();
    let mut skipped = start;
    for slice in slices {
        let rest = &slice[skipped.min(slice.len())..];
        skipped -= slice.len() - rest.len();
        let fits = rest.len().min(RECORD_BYTES - text.len());
        text.extend_from_slice(&rest[..fits]);
    }
    text
}

impl AsyncRead for TlsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let count = ready!(Self::poll_read(&self, context, buffer.initialize_unfilled()))?;
        buffer.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Self::poll_write(&self, context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Self::poll_write(&self, context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_flush(&self, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_shutdown(&self, context)
    }
}

impl fmt::Debug for TlsStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TlsStream").finish_non_exhaustive()
    }
}
