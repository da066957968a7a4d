//! HTTP by hand: requests that a well-behaved client wouldn't send, and their answers.

use std::fmt::Write as _;

use crate::{PATH, RawSocket};

/// A GET request, header by header.
#[derive(Debug, Clone)]
pub struct Request {
    target: String,
    headers: Vec<(String, String)>,
}

/// The answer: its status, its head as it was sent, and its body.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Status line and headers, lower-case.
    pub head: String,
    /// The body; empty for an upgrade.
    pub body: String,
}

impl Request {
    /// A plain request.
    #[must_use]
    pub fn get(target: &str) -> Self {
        Self { target: target.to_owned(), headers: Vec::new() }
    }

    /// A websocket upgrade as RFC 6455 section 4.1 asks for it.
    #[must_use]
    pub fn upgrade() -> Self {
        Self::get(PATH)
            .with("Connection", "Upgrade")
            .with("Upgrade", "websocket")
            .with("Sec-WebSocket-Version", "13")
            .with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    /// To another path.
    #[must_use]
    pub fn at(mut self, target: &str) -> Self {
        target.clone_into(&mut self.target);
        self
    }

    /// With this header, in place of one of the same name.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends it, with a `Host` of the address unless it has one, and reads the answer.
    pub async fn send(&self, address: &str) -> Response {
        let mut socket = RawSocket::connect(address).await;
        self.send_on(&mut socket, address).await
    }

    /// Sends it on a connection that goes on to be used.
    pub async fn send_on(&self, socket: &mut RawSocket, address: &str) -> Response {
        let mut text = format!("GET {} HTTP/1.1\r\n", self.target);
        if !self.headers.iter().any(|(name, _)| name == "Host") {
            write!(text, "Host: {address}\r\n").expect("a String takes everything");
        }
        for (name, value) in &self.headers {
            write!(text, "{name}: {value}\r\n").expect("a String takes everything");
        }
        text.push_str("\r\n");
        socket.send_bytes(text.as_bytes()).await;
        Response::read(socket).await
    }
}

impl Response {
    async fn read(socket: &mut RawSocket) -> Self {
        let head = socket.read_head().await.to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("a status line in {head:?}"));
        let length = header(&head, "content-length").map_or(0, |value| value.parse().expect("a length"));
        let body = String::from_utf8(socket.read_bytes(length).await).expect("bodies here are text");
        Self { status, head, body }
    }

    /// The value of a header, lower-case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(other, _)| *other == name)
        .map(|(_, value)| value)
}
