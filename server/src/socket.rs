//! One websocket, as far as a connection needs it: frames in, frames out, and an orderly end.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use rtbroadcaster_protocol::{CloseCode, Frame, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode as WireCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Bytes, Message};
use warp::Buf;

use crate::stream::{Stream, into_stream};

/// Pieces of a frame that are written in one call; what a follower that keeps up is sent has two, header and messages.
const SLICES: usize = 16;
/// Bytes read at a time: an owner's frame mostly fits, and ten thousand silent followers don't need gigabytes.
const READ_BUFFER_BYTES: usize = 4 * 1024;
/// How long the client may take to answer our close, and to take what we wrote before it. Together with the rest of a
/// shutdown it must stay under 5 s.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What came in.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A message: text, or binary that is UTF-8, which the original takes too.
    Text(Utf8Bytes),
    /// A ping or pong: the client is there.
    Sign,
}

/// Why a websocket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The client closed it or is gone.
    Gone,
    /// We close it, by our own rules.
    Policy(CloseCode),
    /// We close it because of a fault in its frames (RFC 6455 section 7.4.1).
    Fault(WireCode, &'static str),
}

/// A websocket. The library reads it and does the control frames; messages are written past it, because it would copy
/// each into a buffer of the connection's own, which then stays as large as the largest.
pub(crate) struct Socket {
    stream: WebSocketStream<Box<dyn Stream>>,
    /// What is left of the frame that is being written: it must be finished before anything else is.
    unsent: VecDeque<Bytes>,
    /// How long the client may take nothing.
    stall: Duration,
}

impl Socket {
    pub(crate) async fn new(upgraded: Upgraded, limits: &Limits) -> Self {
        let message_bytes = limits.message_bytes;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(message_bytes))
            .max_frame_size(Some(message_bytes));
        let (stream, read) = into_stream(upgraded);
        let stream = WebSocketStream::from_partially_read(stream, read, Role::Server, Some(config)).await;
        let stall = Duration::from_millis(limits.stall_timeout_ms);
        Self { stream, unsent: VecDeque::new(), stall }
    }

    /// The next message. May be dropped and called again without losing anything.
    pub(crate) async fn receive(&mut self) -> Result<Incoming, Ending> {
        loop {
            return match self.stream.next().await {
                Some(Ok(Message::Text(text))) => Ok(Incoming::Text(text)),
                Some(Ok(Message::Binary(bytes))) => match Utf8Bytes::try_from(bytes) {
                    Ok(text) => Ok(Incoming::Text(text)),
                    Err(_) => Err(Ending::Fault(WireCode::Invalid, "messages must be UTF-8")),
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Incoming::Sign),
                // The close is answered by the library while we read on; after that the stream ends.
                Some(Ok(Message::Close(_) | Message::Frame(_))) => continue,
                Some(Err(error)) => Err(Ending::from(&error)),
                None => Err(Ending::Gone),
            };
        }
    }

    /// Sends a frame and waits until the kernel has taken it. May be dropped: the rest goes before whatever is sent next.
    pub(crate) async fn send(&mut self, frame: &Frame) -> Result<(), Ending> {
        self.finish().await?;
        self.unsent.push_back(text_header(frame.len()));
        self.unsent.extend(frame.pieces());
        self.finish().await
    }

    pub(crate) async fn ping(&mut self) -> Result<(), Ending> {
        self.finish().await?;
        let ping = Message::Ping(Bytes::new());
        let sent = timeout(self.stall, self.stream.send(ping)).await;
        sent.map_err(|_| Ending::Policy(CloseCode::TooSlow))?.map_err(|error| Ending::from(&error))
    }

    /// Writes what is left of a frame. A client that takes little by little is slow, not gone: the time starts anew
    /// whenever it has taken something.
    async fn finish(&mut self) -> Result<(), Ending> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        // The answer to a ping may be waiting in the library, half written.
        let flushed = timeout(self.stall, self.stream.flush()).await;
        flushed.map_err(|_| Ending::Policy(CloseCode::TooSlow))?.map_err(|error| Ending::from(&error))?;
        while !self.unsent.is_empty() {
            let written = timeout(self.stall, write_some(self.stream.get_mut(), &self.unsent)).await;
            match written.map_err(|_| Ending::Policy(CloseCode::TooSlow))? {
                Ok(written @ 1..) => self.took(written),
                Ok(0) | Err(_) => return Err(Ending::Gone),
            }
        }
        Ok(())
    }

    /// The client's kernel has taken so many bytes.
    fn took(&mut self, mut bytes: usize) {
        while let Some(first) = self.unsent.front_mut() {
            if bytes < first.len() {
                first.advance(bytes);
                return;
            }
            bytes -= first.len();
            self.unsent.pop_front();
        }
    }

    /// Closes the websocket: says why, and waits a little for the client to have heard it. A connection that is
    /// dropped while the client still sends is reset by the kernel, and the reset overtakes what we said last.
    pub(crate) async fn close(mut self, ending: Ending) {
        let (code, reason) = match ending {
            Ending::Gone => return,
            Ending::Policy(code) => (WireCode::from(code.value()), code.reason()),
            Ending::Fault(code, reason) => (code, reason),
        };
        let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
        let farewell = async {
            if self.finish().await.is_err() || self.stream.send(close).await.is_err() {
                return;
            }
            if let Ending::Fault(..) = ending {
                // What comes now can't be read as frames any more, but it is taken until the client ends too.
                let stream = self.stream.get_mut();
                if stream.shutdown().await.is_err() {
                    return;
                }
                let mut ignored = [0; 1024];
                while matches!(stream.read(&mut ignored).await, Ok(1..)) {}
            } else {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        // A client that doesn't answer is left without one: there is nothing else to tell it.
        drop(timeout(CLOSE_TIMEOUT, farewell).await);
    }
}

/// The header of an unmasked, unfragmented text frame (RFC 6455 section 5.2).
fn text_header(payload: usize) -> Bytes {
    const FIN_TEXT: u8 = 0x81;
    match (u8::try_from(payload), u16::try_from(payload)) {
        (Ok(short @ ..=125), _) => Bytes::copy_from_slice(&[FIN_TEXT, short]),
        (_, Ok(medium)) => Bytes::from([&[FIN_TEXT, 126], &medium.to_be_bytes()[..]].concat()),
        (_, Err(_)) => Bytes::from([&[FIN_TEXT, 127], &(payload as u64).to_be_bytes()[..]].concat()),
    }
}

/// Writes as much as the kernel takes in one call.
async fn write_some(stream: &mut Box<dyn Stream>, pieces: &VecDeque<Bytes>) -> std::io::Result<usize> {
    let mut slices = [IoSlice::new(&[]); SLICES];
    for (slice, piece) in slices.iter_mut().zip(pieces) {
        *slice = IoSlice::new(piece);
    }
    let count = pieces.len().min(SLICES);
    stream.write_vectored(&slices[..count]).await
}

impl From<&tungstenite::Error> for Ending {
    fn from(error: &tungstenite::Error) -> Self {
        use tungstenite::Error;
        use tungstenite::error::ProtocolError;

        match error {
            Error::Capacity(_) => Self::Fault(WireCode::Size, "the message is too large"),
            Error::Utf8(_) => Self::Fault(WireCode::Invalid, "messages must be UTF-8"),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Gone,
            Error::Protocol(_) => Self::Fault(WireCode::Protocol, "not a valid websocket frame"),
            _ => Self::Gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_as_long_as_the_payload_needs() {
        assert_eq!(&text_header(0)[..], [0x81, 0]);
        assert_eq!(&text_header(125)[..], [0x81, 125]);
        assert_eq!(&text_header(126)[..], [0x81, 126, 0, 126]);
        assert_eq!(&text_header(65_535)[..], [0x81, 126, 0xff, 0xff]);
        assert_eq!(&text_header(65_536)[..], [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }
}
