//! The events of a stream of server-sent events.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// One event of a room.
#[derive(Debug, PartialEq)]
pub(super) enum Event {
    /// A message of the server.
    Message(String),
    /// The stream ends; the data has the close code.
    Close(String),
}

/// Takes the bytes of a stream as they come.
#[derive(Default)]
pub(super) struct EventReader {
    /// The beginning of an event whose end has not come yet.
    rest: Vec<u8>,
}

impl EventReader {
    /// Returns the events that are complete with these bytes. Comments are left out.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<Event> {
        // The first of the two newlines at the end of an event may have come before.
        let mut searched = self.rest.len().saturating_sub(1);
        self.rest.extend_from_slice(bytes);
        let (mut events, mut begin) = (Vec::new(), 0);
        while let Some(at) = self.rest[searched..].windows(2).position(|pair| pair == b"\n\n") {
            let end = searched + at;
            events.extend(event(&String::from_utf8_lossy(&self.rest[begin..end])));
            begin = end + 2;
            searched = begin;
        }
        self.rest.drain(..begin);
        events
    }
}

fn event(block: &str) -> Option<Event> {
    let (mut kind, mut data) = (None, None);
    for line in block.split('\n') {
        match line.split_once(": ") {
            Some(("event", value)) => kind = Some(value),
            Some(("data", value)) => data = Some(value.to_string()),
            _ => {}
        }
    }
    Some(if kind == Some("close") { Event::Close(data?) } else { Event::Message(data?) })
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const STREAM: &str = "data: {\"v\":2}\n\n:\n\nid: 7\ndata: {\"seq\":7,\"text\":\"ü: 😀\"}\n\n\
                          event: close\ndata: {\"code\":4500}\n\nid: 8\nda";

    #[wasm_bindgen_test]
    fn events_are_read_however_the_stream_is_cut() {
        let expected = [
            Event::Message("{\"v\":2}".into()),
            Event::Message("{\"seq\":7,\"text\":\"ü: 😀\"}".into()),
            Event::Close("{\"code\":4500}".into()),
        ];
        for size in 1..=STREAM.len() {
            let mut reader = EventReader::default();
            let events: Vec<_> =
                STREAM.as_bytes().chunks(size).flat_map(|chunk| reader.read(chunk)).collect();
            assert_eq!(events, expected, "in pieces of {size} bytes");
        }
    }
}
