//! A client of server-sent events that reads one at a time.

use std::collections::VecDeque;

use serde_json::Value;

use crate::{RawSocket, Request, Response};

/// One event (the HTML standard, section 9.2.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its type, by default `message`.
    pub kind: String,
    /// Its id, if it has one.
    pub id: Option<String>,
    /// Its data.
    pub data: Value,
}

/// A stream of events after its head.
#[derive(Debug)]
pub struct Events {
    socket: RawSocket,
    /// Status and headers.
    pub response: Response,
    /// Lines of a chunk that were not read yet. The last may be incomplete.
    lines: VecDeque<String>,
    /// What a browser would send as `Last-Event-ID`.
    pub last_id: Option<String>,
    /// How many comments were skipped.
    pub comments: usize,
}

impl Events {
    /// Asks for events; the server must accept.
    pub async fn open(request: &Request, address: &str) -> Self {
        let socket = RawSocket::connect(address).await;
        let events = Self::open_on(socket, request, address).await;
        assert_eq!(events.response.status, 200, "{}", events.response.head);
        assert_eq!(events.response.header("content-type"), Some("text/event-stream"));
        events
    }

    /// Asks for events on this connection.
    pub async fn open_on(mut socket: RawSocket, request: &Request, address: &str) -> Self {
        request.begin_on(&mut socket, address).await;
        Self::answered_on(socket).await
    }

    /// Reads the answer to a request for events that was sent before.
    pub async fn answered_on(mut socket: RawSocket) -> Self {
        let response = Response::read_head(&mut socket).await;
        Self { socket, response, lines: VecDeque::new(), last_id: None, comments: 0 }
    }

    /// The next event; `None` if the stream has ended in good order. Events about the audience are
    /// skipped, because they can come at any time.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let event = self.event().await?;
            if event.data.get("audience").is_none() {
                return Some(event);
            }
        }
    }

    /// The data of the next event, which must be a message.
    pub async fn message(&mut self) -> Value {
        let event = self.next().await.expect("the stream goes on");
        assert_eq!(event.kind, "message", "{event:?}");
        event.data
    }

    /// The seq of the next action. Messages about the owner are skipped.
    pub async fn seq(&mut self) -> u64 {
        loop {
            let message = self.message().await;
            if message.get("owner").is_none() {
                return message["seq"].as_u64().unwrap_or_else(|| panic!("an action, not {message}"));
            }
        }
    }

    /// Reads the next event, which must be this message.
    pub async fn hears(&mut self, expected: &Value) {
        assert_eq!(&self.message().await, expected);
    }

    /// The code of the closing event, after which the stream must end.
    pub async fn closed(&mut self) -> Value {
        let event = self.next().await.expect("a closing event");
        assert_eq!(event.kind, "close", "{event:?}");
        assert_eq!(self.next().await, None);
        event.data["code"].clone()
    }

    /// The connection, for a test that leaves it unread or cuts it.
    #[must_use]
    pub fn into_socket(self) -> RawSocket {
        self.socket
    }

    /// Sends bytes to which the server must pay no attention.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        self.socket.send_bytes(bytes).await;
    }

    async fn event(&mut self) -> Option<Event> {
        let mut event = Event { kind: "message".to_owned(), id: None, data: Value::Null };
        let mut has_data = false;
        loop {
            let line = self.line().await?;
            match line.split_once(": ") {
                None if line.is_empty() && has_data => {
                    self.last_id = event.id.clone().or(self.last_id.take());
                    return Some(event);
                }
                None => assert_eq!(line, "", "a line of an event"),
                Some(("", _)) => self.comments += 1,
                Some(("event", kind)) => kind.clone_into(&mut event.kind),
                Some(("id", id)) => event.id = Some(id.to_owned()),
                Some(("data", data)) => {
                    event.data = serde_json::from_str(data).expect("events carry JSON");
                    has_data = true;
                }
                Some(_) => panic!("a field of an event, not {line:?}"),
            }
        }
    }

    /// The next line of the body, which ends with the connection or comes in chunks.
    async fn line(&mut self) -> Option<String> {
        match self.response.header("transfer-encoding") {
            Some(_) => self.line_of_chunks().await,
            None => self.socket.read_line().await,
        }
    }

    /// The next line of a chunked body (RFC 9112 section 7.1).
    async fn line_of_chunks(&mut self) -> Option<String> {
        while self.lines.len() < 2 {
            let size = self.socket.read_line().await?;
            let size =
                usize::from_str_radix(&size, 16).unwrap_or_else(|_| panic!("a chunk's size: {size:?}"));
            let chunk = self.socket.read_bytes(size + 2).await;
            if size == 0 {
                return None;
            }
            let text = String::from_utf8(chunk[..size].to_vec()).expect("chunks here end with a character");
            let mut pieces = text.split('\n').map(str::to_owned);
            let begun = self.lines.pop_back().unwrap_or_default();
            self.lines.extend(pieces.next().map(|first| begun + &first));
            self.lines.extend(pieces);
        }
        self.lines.pop_front()
    }
}
