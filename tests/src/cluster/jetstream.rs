//! Requests to a NATS server by hand, so that no fault of the library that the program uses is
//! shared by its tests.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// JetStream doesn't answer while it has no leader: the request is then repeated.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where the answer comes. Each request has a connection of its own, so it need not be unique.
const REPLY: &str = "_INBOX.tests";

/// Sends a request and returns its answer. None if there is no answer soon.
pub(super) async fn request(
    address: &str,
    subject: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<Value> {
    timeout(PATIENCE, exchange(address, subject, headers, body)).await.ok()?
}

async fn exchange(address: &str, subject: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Value> {
    let mut stream = BufReader::new(TcpStream::connect(address).await.ok()?);
    let mut text = format!(
        "CONNECT {{\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true,\
         \"lang\":\"tests\",\"version\":\"1\"}}\r\nSUB {REPLY} 1\r\n"
    );
    let head = head(headers);
    let (head_bytes, all_bytes) = (head.len(), head.len() + body.len());
    write!(text, "HPUB {subject} {REPLY} {head_bytes} {all_bytes}\r\n{head}").ok()?;
    let bytes = [text.as_bytes(), body, b"\r\n"].concat();
    stream.write_all(&bytes).await.ok()?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let mut words = line.split_whitespace();
        match words.next()? {
            "PING" => stream.write_all(b"PONG\r\n").await.ok()?,
            "MSG" => return read(&mut stream, words.last()?).await,
            // Only the answer that there is nobody to answer has headers.
            "HMSG" => return None,
            "-ERR" => panic!("the NATS server refuses {subject}: {line}"),
            _ => {}
        }
    }
}

fn head(headers: &[(&str, &str)]) -> String {
    let mut head = "NATS/1.0\r\n".to_owned();
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head + "\r\n"
}

async fn read(stream: &mut BufReader<TcpStream>, bytes: &str) -> Option<Value> {
    let mut body = vec![0; bytes.parse().ok()?];
    stream.read_exact(&mut body).await.ok()?;
    serde_json::from_slice(&body).ok()
}
