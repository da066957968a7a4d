//! Server-sent events, as they come in.

/// Bytes of a line that is not complete yet; no message is nearly as long.
const MAX_LINE_BYTES: usize = 64 * 1024 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Event {
    /// Where to go on from after it.
    pub(crate) id: Option<String>,
    /// Its type; empty for a message.
    pub(crate) kind: String,
    pub(crate) data: String,
}

/// Reads events out of a stream of bytes.
#[derive(Debug, Default)]
pub(crate) struct EventReader {
    bytes: Vec<u8>,
    event: Event,
}

/// A line of the stream has no end.
#[derive(Debug, thiserror::Error)]
#[error("the server sends a line without an end: this is no stream of events")]
pub(crate) struct EndlessLine;

impl EventReader {
    /// Takes bytes, and returns the events that they complete.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<Vec<Event>, EndlessLine> {
        self.bytes.extend_from_slice(bytes);
        let mut events = Vec::new();
        let mut begin = 0;
        while let Some(length) = self.bytes[begin..].iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&self.bytes[begin..begin + length]).into_owned();
            begin += length + 1;
            events.extend(self.event.line(line.trim_end_matches('\r')));
        }
        self.bytes.drain(..begin);
        if self.bytes.len() > MAX_LINE_BYTES { Err(EndlessLine) } else { Ok(events) }
    }
}

impl Event {
    /// Takes a line, and returns the event that it ends.
    fn line(&mut self, line: &str) -> Option<Self> {
        if line.is_empty() {
            let event = std::mem::take(self);
            return (!event.data.is_empty()).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut self.kind),
            "data" => {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            // A comment, or what a later server may say.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_wherever_the_bytes_are_cut() {
        let text = ": hello\n\nid: 1\r\ndata: {\"seq\":1}\r\n\r\nretry: 1\nevent: close\ndata: ä\ndata:b\n\ndata: cut";
        let expected = [
            Event { id: Some("1".to_owned()), data: "{\"seq\":1}".to_owned(), ..Event::default() },
            Event { kind: "close".to_owned(), data: "ä\nb".to_owned(), ..Event::default() },
        ];
        for size in 1..text.len() {
            let mut reader = EventReader::default();
            let events = text.as_bytes().chunks(size).flat_map(|chunk| reader.take(chunk).unwrap());
            assert_eq!(events.collect::<Vec<_>>(), expected, "{size}");
        }
    }
}
