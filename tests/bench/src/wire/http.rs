//! What a server says at a path, over plain HTTP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, bail};

/// Gets what is at a path, with this token if there is one. Fails unless the status is 200.
pub(crate) fn get(address: SocketAddr, path: &str, token: Option<&str>) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("no connection for {path}"))?;
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n{token}\r\n");
    stream.write_all(request.as_bytes()).with_context(|| format!("{path} cannot be asked for"))?;
    let mut page = String::new();
    stream.read_to_string(&mut page).with_context(|| format!("{path} cannot be read"))?;
    let (head, body) = page.split_once("\r\n\r\n").unwrap_or((&page, ""));
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("200") {
        bail!("{path}: {status}");
    }
    Ok(body.to_owned())
}
