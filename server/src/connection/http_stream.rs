//! The stream under an HTTP connection, from which an event stream can take it.

use std::any::Any;
use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::transport::{Stream, Transport};
#[cfg(feature = "tls")]
use crate::tls::TlsStream;

/// A TCP connection, one with TLS, or any other stream, that an accept loop gives to its HTTP code.
/// An event stream can take it from there by the [`Takeover`] that belongs to it.
pub struct HttpStream(Takeover);

/// Lets an event stream take over the TCP connection that its request came on, as a websocket does
/// by its upgrade. So it needs none of the buffers of the HTTP code, which are 16 KiB for each
/// client, and a client that takes no events is cut off after `Limits::stall_timeout_ms`.
///
/// A server with an accept loop of its own does three things; [`Manager::sockets`] has an example,
/// and the program is one. It serves HTTP on the [`HttpStream`]. It sets the `Takeover` as an
/// extension of each request. It drops the HTTP connection when [`Takeover::done`] resolves. The
/// connection must speak HTTP/1: over HTTP/2 the stream is not a single request's to take. A server
/// that has no `Takeover` needs a write timeout of its own.
///
/// [`Manager::sockets`]: crate::Manager::sockets
///
/// Cloning is cheap; every clone is for the same connection.
#[derive(Clone)]
pub struct Takeover(Arc<Shared>);

struct Shared {
    /// None once it was taken.
    stream: Mutex<Option<AnyStream>>,
    done: Notify,
}

enum AnyStream {
    Tcp(TcpStream),
    #[cfg(feature = "tls")]
    Tls(TlsStream),
    Other(Box<dyn Stream>),
}

impl HttpStream {
    /// Makes one of a stream that was just accepted.
    pub fn new(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        let mut stream = Some(stream);
        let known = taken(&mut stream).map(AnyStream::Tcp);
        #[cfg(feature = "tls")]
        let known = known.or_else(|| taken(&mut stream).map(AnyStream::Tls));
        let stream = known.or_else(|| stream.map(|stream| AnyStream::Other(Box::new(stream))));
        Self(Takeover(Arc::new(Shared { stream: Mutex::new(stream), done: Notify::new() })))
    }

    /// The extension for the requests on this stream.
    #[must_use]
    pub fn takeover(&self) -> Takeover {
        self.0.clone()
    }

    /// Takes the stream, for a websocket.
    fn into_transport(self) -> Transport {
        let stream = self.0.lock().take();
        // A request that comes after one for events is never read, so no event stream has it.
        stream.map_or_else(|| Transport::from_stream(tokio::io::empty()), AnyStream::into_transport)
    }
}

/// Takes the stream out of an upgraded request, with the bytes that were already read. A TCP socket
/// is taken out of hyper, which drops hyper's buffer and allows socket options.
pub(crate) fn upgraded_transport(upgraded: Upgraded) -> (Transport, Vec<u8>) {
    let upgraded = match upgraded.downcast::<TokioIo<HttpStream>>() {
        Ok(parts) => return (parts.io.into_inner().into_transport(), parts.read_buf.to_vec()),
        Err(upgraded) => upgraded,
    };
    let upgraded = match auto::upgrade::downcast::<TokioIo<HttpStream>>(upgraded) {
        Ok(parts) => return (parts.io.into_inner().into_transport(), parts.read_buf.to_vec()),
        Err(upgraded) => upgraded,
    };
    let upgraded = match auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => return (Transport::from_socket(parts.io.into_inner()), parts.read_buf.to_vec()),
        Err(upgraded) => upgraded,
    };
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => (Transport::from_socket(parts.io.into_inner()), parts.read_buf.to_vec()),
        Err(upgraded) => (Transport::from_stream(TokioIo::new(upgraded)), Vec::new()),
    }
}

impl Takeover {
    /// Resolves when an event stream has taken over. The HTTP connection has nothing left to do
    /// then and must be dropped.
    pub async fn done(&self) {
        self.0.done.notified().await;
    }

    /// Takes the stream. None if another request has it. hyper asks for the answer to a request
    /// only after the client was sent all earlier answers, so it has no bytes left to write.
    pub(crate) fn take(&self) -> Option<Transport> {
        let stream = self.lock().take()?;
        self.0.done.notify_one();
        Some(stream.into_transport())
    }

    fn lock(&self) -> MutexGuard<'_, Option<AnyStream>> {
        // A stream stays usable after a panic, which is a bug of ours.
        self.0.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the HTTP code do something with the stream. Once that was taken nothing comes any more.
    fn poll<R>(&self, act: impl FnOnce(Pin<&mut dyn Stream>) -> Poll<R>) -> Poll<R> {
        match &mut *self.lock() {
            Some(AnyStream::Tcp(stream)) => act(Pin::new(stream)),
            #[cfg(feature = "tls")]
            Some(AnyStream::Tls(stream)) => act(Pin::new(stream)),
            Some(AnyStream::Other(stream)) => act(Pin::new(&mut **stream)),
            None => Poll::Pending,
        }
    }
}

/// Takes a stream out, if it is one of type `T`.
fn taken<T: 'static>(stream: &mut (impl Any + 'static)) -> Option<T> {
    (stream as &mut dyn Any).downcast_mut::<Option<T>>().and_then(Option::take)
}

impl AnyStream {
    fn into_transport(self) -> Transport {
        match self {
            Self::Tcp(stream) => Transport::from_socket(stream),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Transport::Tls(stream),
            Self::Other(stream) => Transport::from_boxed(stream),
        }
    }
}

impl AsyncRead for HttpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.poll(|stream| stream.poll_read(context, buffer))
    }
}

impl AsyncWrite for HttpStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll(|stream| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll(|stream| stream.poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        match &*self.0.lock() {
            Some(AnyStream::Tcp(stream)) => stream.is_write_vectored(),
            #[cfg(feature = "tls")]
            Some(AnyStream::Tls(stream)) => stream.is_write_vectored(),
            Some(AnyStream::Other(stream)) => stream.is_write_vectored(),
            None => false,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll(|stream| stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll(|stream| stream.poll_shutdown(context))
    }
}

impl fmt::Debug for HttpStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HttpStream").finish_non_exhaustive()
    }
}

impl fmt::Debug for Takeover {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Takeover").finish_non_exhaustive()
    }
}
