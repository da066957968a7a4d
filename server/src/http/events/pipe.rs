//! A pipe from a connection into the body of an HTTP answer, for event streams.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use crate::connection::with_read_buffer;
use crate::http::hang_up::HangUp;

/// Bytes that the pipe may hold. The number is as small as the kernel's limit for a websocket, so
/// that the server sees when a follower lags.
const PIPE_BYTES: usize = 16 * 1024;

/// The connection's end, which it uses like a socket. Reading gives no bytes; it ends when the
/// client is gone.
pub(super) struct PipeWriter {
    stream: DuplexStream,
    /// The reader sets it; both ends share it.
    hang_up: Arc<OnceLock<HangUp>>,
    /// The answer's body was dropped: it has ended, or the client is gone.
    has_ended: bool,
}

/// The end that the answer's body is made of.
pub(super) struct PipeReader {
    stream: DuplexStream,
    hang_up: Arc<OnceLock<HangUp>>,
}

/// Makes a pipe and returns both ends.
pub(super) fn pipe() -> (PipeWriter, PipeReader) {
    let (write_half, read_half) = tokio::io::duplex(PIPE_BYTES);
    let hang_up = Arc::default();
    (
        PipeWriter { stream: write_half, hang_up: Arc::clone(&hang_up), has_ended: false },
        PipeReader { stream: read_half, hang_up },
    )
}

impl PipeReader {
    /// From now on the HTTP connection is cut if the writer is dropped before the client has taken
    /// everything.
    pub(super) fn hang_up_with(&self, hang_up: HangUp) {
        self.hang_up.get_or_init(|| hang_up);
    }
}

impl AsyncRead for PipeWriter {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        self.has_ended |= buffer.filled().is_empty();
        Poll::Ready(read)
    }
}

impl AsyncWrite for PipeWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Drop for PipeWriter {
    fn drop(&mut self) {
        if let (false, Some(hang_up)) = (self.has_ended, self.hang_up.get()) {
            hang_up.request();
        }
    }
}

impl Stream for PipeReader {
    type Item = io::Result<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        with_read_buffer(|buffer| {
            let mut buffer = ReadBuf::new(&mut buffer[..PIPE_BYTES]);
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer));
            Poll::Ready(match read {
                Ok(()) if buffer.filled().is_empty() => None,
                Ok(()) => Some(Ok(buffer.filled().to_vec())),
                Err(error) => Some(Err(error)),
            })
        })
    }
}
