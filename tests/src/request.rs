//! HTTP by hand: requests that no well-behaved client would send, and their answers.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{PATH, RawSocket};

/// A request, header by header.
#[derive(Debug, Clone)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// The answer to a request.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Status line and headers, in lower case.
    pub head: String,
    /// The body; empty for an upgrade.
    pub body: String,
}

impl Request {
    /// A plain request.
    #[must_use]
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A request with this method.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// A request with this body of this type.
    #[must_use]
    pub fn post(target: &str, media_type: &str, body: &str) -> Self {
        let mut request = Self::new("POST", target).with("Content-Type", media_type);
        request = request.with("Content-Length", &body.len().to_string());
        Self { body: body.to_owned(), ..request }
    }

    /// The request without this header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self
    }

    /// The request's method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The request with this secret as its bearer token.
    #[must_use]
    pub fn bearing(self, secret: &str) -> Self {
        self.with("Authorization", &format!("Bearer {secret}"))
    }

    /// A websocket upgrade as in RFC 6455 section 4.1.
    #[must_use]
    pub fn upgrade() -> Self {
        Self::get(PATH)
            .with("Connection", "Upgrade")
            .with("Upgrade", "websocket")
            .with("Sec-WebSocket-Version", "13")
            .with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    /// The request for another path.
    #[must_use]
    pub fn at(mut self, target: &str) -> Self {
        target.clone_into(&mut self.target);
        self
    }

    /// The request with this header, which replaces one of the same name.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends the request and reads the answer. It adds a `Host` header with the address if there is
    /// none.
    pub async fn send(&self, address: &str) -> Response {
        let mut socket = RawSocket::connect(address).await;
        self.send_on(&mut socket, address).await
    }

    /// Sends the request on a connection that stays open.
    pub async fn send_on(&self, socket: &mut RawSocket, address: &str) -> Response {
        self.begin_on(socket, address).await;
        Response::read(socket, self.method == "HEAD").await
    }

    /// Sends all but the body, and waits until the server says that it expects the body.
    pub async fn send_head_on(&self, socket: &mut RawSocket, address: &str) {
        let head = Self { body: String::new(), ..self.clone().with("Expect", "100-continue") };
        head.begin_on(socket, address).await;
        assert_eq!(Response::read_head(socket).await.status, 100);
    }

    /// Sends the body that the server expects, and reads the answer.
    pub async fn send_body_on(&self, socket: &mut RawSocket) -> Response {
        socket.send_bytes(self.body.as_bytes()).await;
        Response::read(socket, false).await
    }

    /// Sends the request without reading the answer.
    pub async fn begin_on(&self, socket: &mut RawSocket, address: &str) {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self.headers.iter().any(|(name, _)| name == "Host") {
            write!(text, "Host: {address}\r\n").expect("a String takes everything");
        }
        for (name, value) in &self.headers {
            write!(text, "{name}: {value}\r\n").expect("a String takes everything");
        }
        text.push_str("\r\n");
        text.push_str(&self.body);
        socket.send_bytes(text.as_bytes()).await;
    }
}

impl Response {
    /// Reads the answer to a request that was sent before; one to `HEAD` has no body.
    pub async fn read(socket: &mut RawSocket, has_no_body: bool) -> Self {
        let mut response = Self::read_head(socket).await;
        let length = response.header("content-length").map_or(0, |value| value.parse().expect("a length"));
        if !has_no_body {
            let body = socket.read_bytes(length).await;
            response.body = String::from_utf8(body).expect("bodies here are text");
        }
        response
    }

    /// Reads the answer without its body.
    pub async fn read_head(socket: &mut RawSocket) -> Self {
        let head = socket.read_head().await.to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("a status line in {head:?}"));
        Self { status, head, body: String::new() }
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("JSON in {}: {:?}", self.head, self.body))
    }

    /// Fails unless this is a refusal with this status, this code and a text.
    pub fn is_refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), Some("application/json"));
        let error = self.json()["error"].clone();
        assert_eq!(error["code"], code, "{error}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
        error
    }

    /// The value of a header, in lower case.
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
