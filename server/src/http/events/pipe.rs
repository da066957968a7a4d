//! A pipe from a connection into the body of an HTTP answer, for event streams on servers whose TCP
//! connections they can't take over.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tokio::io::{AsyncRead, DuplexStream, ReadBuf};

use crate::connection::with_read_buffer;

/// Bytes that the pipe may hold. The number is as small as the kernel's limit for a websocket, so
/// that the server sees when a follower lags.
const PIPE_BYTES: usize = 16 * 1024;

/// The end that the answer's body is made of.
pub(super) struct PipeReader(DuplexStream);

/// Makes a pipe and returns both ends. The connection uses the first like a socket. Reading it
/// gives no bytes; it ends when the client is gone.
pub(super) fn pipe() -> (DuplexStream, PipeReader) {
    let (write_half, read_half) = tokio::io::duplex(PIPE_BYTES);
    (write_half, PipeReader(read_half))
}

impl Stream for PipeReader {
    type Item = io::Result<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        with_read_buffer(|buffer| {
            let mut buffer = ReadBuf::new(&mut buffer[..PIPE_BYTES]);
            let read = ready!(Pin::new(&mut self.0).poll_read(context, &mut buffer));
            Poll::Ready(match read {
                Ok(()) if buffer.filled().is_empty() => None,
                Ok(()) => Some(Ok(buffer.filled().to_vec())),
                Err(error) => Some(Err(error)),
            })
        })
    }
}
