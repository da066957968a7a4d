//! A client of plain HTTP whose server may die at any moment. It speaks HTTP/1.0, so that a body
//! ends with its connection.

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::{Edge, within};

/// A stream of server-sent events.
pub(super) struct EventLines {
    reader: BufReader<TcpStream>,
    /// The id of the newest event that had one.
    pub(super) last_id: Option<String>,
}

/// Follows a room from where `last_id` says. None if the server can't serve it now, or the
/// connection is lost before the first event, which is the reply.
pub(super) async fn follow(edge: &Edge, last_id: Option<String>) -> Option<EventLines> {
    let header = last_id.as_ref().map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
    let head = format!("GET {} HTTP/1.0\r\n{header}\r\n", edge.path("/events"));
    let mut events = EventLines { reader: ask(&edge.address, &head).await?, last_id };
    let mut status = String::new();
    within("a status line", events.reader.read_line(&mut status)).await.ok().filter(|read| *read > 0)?;
    // A server that can't serve the room now says so, and a load balancer that finds none.
    if [" 502 ", " 503 "].iter().any(|later| status.contains(later)) {
        return None;
    }
    assert!(status.contains(" 200 "), "{status}");
    events.next().await?;
    Some(events)
}

impl EventLines {
    /// The next message. None if the connection is lost.
    pub(super) async fn next(&mut self) -> Option<Value> {
        loop {
            let mut line = String::new();
            within("an event", self.reader.read_line(&mut line)).await.ok().filter(|read| *read > 0)?;
            // A line whose end is missing was cut off.
            let line = line.strip_suffix('\n')?;
            if let Some(id) = line.strip_prefix("id: ") {
                self.last_id = Some(id.to_owned());
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Some(serde_json::from_str(data).expect("events carry JSON"));
            }
        }
    }
}

/// Posts an action, under this id of the client's session. Returns the status and the answer. None
/// if the connection is lost before.
pub(super) async fn post(edge: &Edge, action: &Value, id: u64) -> Option<(u16, Value)> {
    let (body, path, key) = (action.to_string(), edge.path("/actions"), &edge.key);
    let text = format!(
        "POST {path} HTTP/1.0\r\nAuthorization: Bearer {key}\r\nIdempotency-Key: program:{id}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut answer = String::new();
    let mut reader = ask(&edge.address, &text).await?;
    within("an answer", reader.read_to_string(&mut answer)).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    // A body that was cut off is no answer.
    Some((status, serde_json::from_str(body).ok()?))
}

/// Gets what is at a path. Returns the status and the body. None if there is no server, or it ends
/// the connection before.
pub(crate) async fn get(address: &str, path: &str) -> Option<(u16, String)> {
    let mut answer = String::new();
    let mut reader = ask(address, &format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")).await?;
    within("an answer", reader.read_to_string(&mut answer)).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

async fn ask(address: &str, text: &str) -> Option<BufReader<TcpStream>> {
    let mut stream = within("a connection", TcpStream::connect(address)).await.ok()?;
    within("a request to be sent", stream.write_all(text.as_bytes())).await.ok()?;
    Some(BufReader::new(stream))
}
