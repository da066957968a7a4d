//! The HTTP part: a client's request for a websocket, and a server's answer.

use tungstenite::handshake::derive_accept_key;

/// The key of RFC 6455's example, and the answer to it. All clients may send the same key, because
/// it proves nothing.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const KEY_HEADER: &str = "sec-websocket-key";
/// A longer text is no head.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// The client's request.
pub(crate) fn request(host: &str, path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
    )
}

/// The other end does not speak websocket; it said this instead.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoUpgrade(pub(crate) String);

/// Where the frames after a server's answer begin, once the answer is complete.
pub(crate) fn read_response(bytes: &[u8]) -> Result<Option<usize>, NoUpgrade> {
    let Some((head, end)) = head(bytes)? else { return Ok(None) };
    if head.starts_with("HTTP/1.1 101") && head.contains(ACCEPT) {
        return Ok(Some(end));
    }
    Err(NoUpgrade(head))
}

/// The answer to a client's request, and where the frames after the request begin, once the request
/// is complete.
pub(crate) fn answer(bytes: &[u8]) -> Result<Option<(String, usize)>, NoUpgrade> {
    let Some((head, end)) = head(bytes)? else { return Ok(None) };
    let key = head.lines().filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        name.trim().eq_ignore_ascii_case(KEY_HEADER).then(|| derive_accept_key(value.trim().as_bytes()))
    });
    let accept = key.ok_or(NoUpgrade(head))?;
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    Ok(Some((answer, end)))
}

fn head(bytes: &[u8]) -> Result<Option<(String, usize)>, NoUpgrade> {
    const END: &[u8] = b"\r\n\r\n";
    let shown = |end| String::from_utf8_lossy(&bytes[..end]).into_owned();
    match memchr::memmem::find(bytes, END) {
        Some(at) => Ok(Some((shown(at), at + END.len()))),
        None if bytes.len() > MAX_HEAD_BYTES => Err(NoUpgrade(shown(MAX_HEAD_BYTES))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_answered_and_the_answer_understood() {
        let request = request("host", "/path") + "frames";
        let (answer, frames) = answer(request.as_bytes()).unwrap().unwrap();
        assert_eq!(&request[frames..], "frames");
        let more = answer.clone() + "x";
        assert_eq!(read_response(more.as_bytes()), Ok(Some(answer.len())));
        assert_eq!(read_response(&answer.as_bytes()[..answer.len() - 1]), Ok(None));
    }

    #[test]
    fn whatever_else_a_server_says_is_no_upgrade() {
        let refused = b"HTTP/1.1 503 Service Unavailable\r\n\r\n";
        assert!(matches!(read_response(refused), Err(NoUpgrade(head)) if head.contains("503")));
        assert!(read_response(&[b'x'; MAX_HEAD_BYTES + 1]).is_err());
    }
}
