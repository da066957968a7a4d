//! One websocket, as far as a connection needs it: frames in, frames out, and an orderly end.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use rtbroadcaster_protocol::{CloseCode, Frame};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode as WireCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};
use tracing::debug;

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

pub(crate) struct Socket {
    stream: WebSocketStream<Box<dyn Stream>>,
}

/// What bytes go over: a TCP connection, or whatever the application that mounts us serves.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Socket {
    pub(crate) async fn new(upgraded: Upgraded, message_bytes: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(message_bytes))
            .max_frame_size(Some(message_bytes));
        let (stream, read) = into_stream(upgraded);
        let stream = WebSocketStream::from_partially_read(stream, read, Role::Server, Some(config)).await;
        Self { stream }
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

    /// Sends a frame and waits until the kernel has taken it.
    pub(crate) async fn send(&mut self, frame: &Frame) -> Result<(), Ending> {
        let text = Utf8Bytes::try_from(frame.payload()).expect("messages are made of strings");
        self.stream.send(Message::Text(text)).await.map_err(|error| Ending::from(&error))
    }

    pub(crate) async fn ping(&mut self) -> Result<(), Ending> {
        let ping = Message::Ping(tungstenite::Bytes::new());
        self.stream.send(ping).await.map_err(|error| Ending::from(&error))
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
            if self.stream.send(close).await.is_err() {
                return;
            }
            if let Ending::Fault(..) = ending {
                // What comes now can't be read as frames any more.
                let mut ignored = [0; 1024];
                while matches!(self.stream.get_mut().read(&mut ignored).await, Ok(1..)) {}
            } else {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        // A client that doesn't answer is left without one: there is nothing else to tell it.
        drop(tokio::time::timeout(CLOSE_TIMEOUT, farewell).await);
    }
}

/// What is under an upgraded request, and what was read of it already. A TCP connection is taken out: hyper's buffer
/// goes, and actions are sent when they are there, not when more has gathered (Nagle's algorithm and delayed
/// acknowledgements together cost some 40 ms a message).
fn into_stream(upgraded: Upgraded) -> (Box<dyn Stream>, Vec<u8>) {
    let (stream, read) = match auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => (parts.io, parts.read_buf),
        Err(upgraded) => match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => (parts.io, parts.read_buf),
            Err(upgraded) => return (Box::new(TokioIo::new(upgraded)), Vec::new()),
        },
    };
    let stream = stream.into_inner();
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "TCP_NODELAY could not be set");
    }
    (Box::new(stream), read.to_vec())
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
