//! A well-behaved websocket client: it answers pings and masks its frames.

use std::collections::VecDeque;
use std::fmt::Debug;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::{Certificate, PATH, within};

/// A stream that can carry a websocket.
trait Stream: AsyncRead + AsyncWrite + Debug + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Debug + Send + Sync + Unpin> Stream for S {}

/// A client that reads one message at a time, however many the server puts into a frame.
#[derive(Debug)]
pub struct Client {
    socket: WebSocketStream<Box<dyn Stream>>,
    /// Messages of the last frame that the test has not read yet.
    received: VecDeque<String>,
}

impl Client {
    /// Connects to the rooms of a server at `host:port`.
    pub async fn connect(address: &str) -> Self {
        Self::connect_at(address, PATH).await
    }

    /// Connects at another path.
    pub async fn connect_at(address: &str, path: &str) -> Self {
        let stream = within("a tcp connection", TcpStream::connect(address)).await.expect("a server listens");
        // The tests send many small messages; Nagle's algorithm would make them slow.
        stream.set_nodelay(true).expect("a connected socket takes TCP_NODELAY");
        Self::upgrade(Box::new(stream), address, path).await
    }

    /// Connects over TLS to the rooms of a server that has this certificate.
    pub async fn connect_with_tls(address: &str, certificate: &Certificate) -> Self {
        let stream = certificate.connect(address).await.expect("the server has this certificate");
        Self::upgrade(Box::new(stream), address, PATH).await
    }

    async fn upgrade(stream: Box<dyn Stream>, address: &str, path: &str) -> Self {
        // The upgrade request is the same with and without TLS.
        let upgrade = client_async(format!("ws://{address}{path}"), stream);
        let (socket, _) = within("the upgrade", upgrade).await.expect("the server upgrades");
        Self { socket, received: VecDeque::new() }
    }

    /// Sends a text frame.
    pub async fn send(&mut self, text: impl ToString) {
        self.send_frame(Message::text(text.to_string())).await;
    }

    /// Sends a binary frame.
    pub async fn send_binary(&mut self, bytes: impl Into<Vec<u8>>) {
        self.send_frame(Message::binary(bytes.into())).await;
    }

    /// The next message as its text.
    pub async fn text(&mut self) -> String {
        loop {
            if let Some(message) = self.received.pop_front() {
                return message;
            }
            let frame = self.frame().await;
            self.received.extend(frame.split('\n').map(str::to_owned));
        }
    }

    /// The next message.
    pub async fn next(&mut self) -> Value {
        parsed(&self.text().await)
    }

    /// The next message, or the close code if none comes.
    ///
    /// # Errors
    /// The close code.
    pub async fn next_or_closed(&mut self) -> Result<Value, u16> {
        if self.received.is_empty() {
            let frame = self.receive().await?;
            self.received.extend(frame.split('\n').map(str::to_owned));
        }
        Ok(self.next().await)
    }

    /// Reads the next message, which must be this one.
    pub async fn hears(&mut self, expected: &Value) {
        assert_eq!(&self.next().await, expected);
    }

    /// The next message that isn't about the owner's presence.
    ///
    /// Such a message can stand between any two actions that a follower of a cluster is served: its
    /// node may have had only some of them when it joined.
    pub async fn next_action(&mut self) -> Value {
        loop {
            let message = self.next().await;
            if message.get("owner").is_none() {
                return message;
            }
        }
    }

    /// Reads the next message that isn't about the owner's presence, which must be this one.
    pub async fn hears_action(&mut self, expected: &Value) {
        assert_eq!(&self.next_action().await, expected);
    }

    /// Reads the next message, which must be a refusal with this code and the same text in both
    /// fields.
    pub async fn is_refused(&mut self, code: &str) -> Value {
        let refusal = self.next().await;
        assert_eq!(refusal["error"]["code"], code, "{refusal}");
        assert_eq!(refusal["status"]["value"], 0, "{refusal}");
        assert_eq!(refusal["status"]["text"], refusal["error"]["message"], "{refusal}");
        assert_ne!(refusal["status"]["text"], "", "{refusal}");
        refusal
    }

    /// Sends a ping message and waits for its pong, which must come next. The server has then
    /// handled everything that was sent before.
    pub async fn sync(&mut self) {
        self.send(json!({"ping": 1})).await;
        self.hears(&json!({"pong": 1})).await;
    }

    /// Checks that the server sends nothing more to this client, once it has handled the owner's
    /// messages.
    ///
    /// A pong can overtake what the room has now, but not what it had when the ping before was
    /// answered. Therefore this sends two pings.
    pub async fn hears_nothing(&mut self) {
        self.sync().await;
        self.sync().await;
    }

    /// The close code. The socket must close before any other message.
    pub async fn closed(&mut self) -> u16 {
        let (messages, code) = self.rest().await;
        assert!(messages.is_empty(), "expected the close, got {messages:?}");
        code
    }

    /// After the close, waits until the server has ended the connection under the websocket,
    /// including TLS.
    pub async fn ends_in_order(&mut self) {
        // Sends the answer to the close. A server that has ended already needs none.
        drop(within("the close to be answered", self.socket.flush()).await);
        let mut rest = Vec::new();
        let ended = self.socket.get_mut().read_to_end(&mut rest);
        within("the end of the connection", ended).await.expect("an orderly end");
    }

    /// All messages until the socket is closed, and the close code.
    pub async fn rest(&mut self) -> (Vec<Value>, u16) {
        let mut messages: Vec<_> = self.received.drain(..).map(|text| parsed(&text)).collect();
        loop {
            match self.receive().await {
                Ok(text) => messages.extend(text.split('\n').map(parsed)),
                Err(code) => return (messages, code),
            }
        }
    }

    /// The payload of the next text frame.
    async fn frame(&mut self) -> String {
        match self.receive().await {
            Ok(text) => text,
            Err(code) => panic!("expected a message, but the socket was closed with {code}"),
        }
    }

    /// A text frame, or the close code: 1005 without one, 1006 if the connection just ended.
    async fn receive(&mut self) -> Result<String, u16> {
        loop {
            return match within("a frame", self.socket.next()).await {
                Some(Ok(Message::Text(text))) => {
                    let rest = without_audience(text.as_str());
                    if rest.is_empty() {
                        continue;
                    }
                    Ok(rest)
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Close(frame))) => Err(frame.map_or(1005, |frame| frame.code.into())),
                None | Some(Err(Error::Io(_) | Error::ConnectionClosed | Error::Protocol(_))) => Err(1006),
                Some(other) => panic!("the server sent {other:?}"),
            };
        }
    }

    async fn send_frame(&mut self, frame: Message) {
        within("a frame to be sent", self.socket.send(frame)).await.expect("the connection is open");
    }
}

/// The messages without those that count the audience. They come once a second between any others;
/// the tests with a virtual clock cover their rules.
fn without_audience(frame: &str) -> String {
    let others: Vec<_> =
        frame.split('\n').filter(|message| !message.starts_with(r#"{"audience":"#)).collect();
    others.join("\n")
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
