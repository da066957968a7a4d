//! Server-sent events over HTTP/1.1: the request for a room's events, and what comes then.

use anyhow::{Context, bail};

/// Below the path of the rooms.
pub(crate) fn request(host: &str, path: &str, uuid: &str) -> String {
    format!("GET {path}/rooms/{uuid}/events HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n")
}

const END_OF_HEAD: &[u8] = b"\r\n\r\n";
const END_OF_LINE: &[u8] = b"\r\n";
const END_OF_EVENT: &[u8] = b"\n\n";

/// What came, in the order in which it came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The answer began.
    Open,
    /// The data of an event.
    Message(Vec<u8>),
    /// The server has ended the stream.
    End,
}

/// The events of one answer.
#[derive(Debug, Default)]
pub(crate) struct EventStream {
    is_open: bool,
    /// The body comes in chunks (RFC 9112 section 7.1). Otherwise it ends with the connection.
    is_chunked: bool,
    /// The beginning of an event.
    text: Vec<u8>,
}

impl EventStream {
    /// Takes the bytes that have come, as far as they are whole. Returns how many it has taken.
    pub(crate) fn take(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> anyhow::Result<usize> {
        let mut at = 0;
        if !self.is_open {
            let Some(end) = memchr::memmem::find(bytes, END_OF_HEAD) else { return Ok(0) };
            self.open(&String::from_utf8_lossy(&bytes[..end]))?;
            events.push(Event::Open);
            at = end + END_OF_HEAD.len();
        }
        if !self.is_chunked {
            self.text.extend_from_slice(&bytes[at..]);
            at = bytes.len();
        }
        while let Some((chunk, end)) = self.next_chunk(bytes, at)? {
            self.text.extend_from_slice(chunk);
            at = end;
            if chunk.is_empty() {
                events.push(Event::End);
            }
        }
        self.cut(events);
        Ok(at)
    }

    fn open(&mut self, head: &str) -> anyhow::Result<()> {
        let mut lines = head.lines();
        if !lines.next().is_some_and(|status| status.starts_with("HTTP/1.1 200")) {
            bail!("no events: {head}");
        }
        let is = |name: &str, value: &str| {
            let mut headers = head.lines().filter_map(|line| line.split_once(':'));
            headers.any(|(is, has)| is.eq_ignore_ascii_case(name) && has.trim().eq_ignore_ascii_case(value))
        };
        if !is("content-type", "text/event-stream") {
            bail!("no events: {head}");
        }
        (self.is_open, self.is_chunked) = (true, is("transfer-encoding", "chunked"));
        Ok(())
    }

    /// The next chunk, if it is whole, and where it ends.
    fn next_chunk<'a>(&self, bytes: &'a [u8], at: usize) -> anyhow::Result<Option<(&'a [u8], usize)>> {
        if !self.is_chunked {
            return Ok(None);
        }
        let Some(line) = memchr::memmem::find(&bytes[at..], END_OF_LINE) else { return Ok(None) };
        let digits = std::str::from_utf8(&bytes[at..at + line]).context("a chunk without a length")?;
        let length = usize::from_str_radix(digits, 16).context("a chunk without a length")?;
        let begins = at + line + END_OF_LINE.len();
        let ends = begins.checked_add(length).context("an absurd chunk")?;
        let whole = ends + END_OF_LINE.len();
        Ok((whole <= bytes.len()).then(|| (&bytes[begins..ends], whole)))
    }

    /// Cuts whole events out of the text.
    fn cut(&mut self, events: &mut Vec<Event>) {
        let mut at = 0;
        while let Some(end) = memchr::memmem::find(&self.text[at..], END_OF_EVENT) {
            let event = &self.text[at..at + end];
            at += end + END_OF_EVENT.len();
            let lines = || event.split(|byte| *byte == b'\n');
            if lines().any(|line| line.starts_with(b"event: close")) {
                events.push(Event::End);
                continue;
            }
            let data = lines().filter_map(|line| line.strip_prefix(b"data: "));
            events.extend(data.map(|data| Event::Message(data.to_vec())));
        }
        self.text.drain(..at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";

    /// What comes out of an answer that comes byte for byte.
    fn events(answer: &str) -> Vec<Event> {
        let (mut stream, mut events, mut kept) = (EventStream::default(), Vec::new(), Vec::new());
        for byte in answer.bytes() {
            kept.push(byte);
            let taken = stream.take(&kept, &mut events).unwrap();
            kept.drain(..taken);
        }
        events
    }

    fn message(text: &str) -> Event {
        Event::Message(text.into())
    }

    #[test]
    fn events_come_out_whole_whatever_the_chunks_are() {
        let chunked = format!(
            "{HEAD}Transfer-Encoding: chunked\r\n\r\n9\r\ndata: {{1}}\r\n18\r\n\n\n: here\n\nid: 7\ndata: {{2\r\n\
             3\r\n}}\n\n\r\n0\r\n\r\n"
        );
        assert_eq!(events(&chunked), [Event::Open, message("{1}"), message("{2}"), Event::End]);
    }

    #[test]
    fn a_body_without_chunks_goes_on_until_it_is_closed() {
        let plain = format!("{HEAD}\r\ndata: {{1}}\n\nevent: close\ndata: {{}}\n\n");
        assert_eq!(events(&plain), [Event::Open, message("{1}"), Event::End]);
    }

    #[test]
    fn whatever_else_a_server_says_is_an_error() {
        let mut events = Vec::new();
        let mut refused = |answer: &str| EventStream::default().take(answer.as_bytes(), &mut events).is_err();
        assert!(refused("HTTP/1.1 404 Not Found\r\ncontent-type: text/event-stream\r\n\r\n"));
        assert!(refused("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n"));
        assert!(refused(&format!("{HEAD}transfer-encoding: chunked\r\n\r\nx\r\n")));
    }
}
