//! A room's messages as server-sent events (HTML standard, section 9.2), for clients without a
//! websocket.

use rtbroadcaster_protocol::{CloseCode, Frame};

/// The beginning of a message of the log, in the compact rendering.
const SEQ: &[u8] = br#"{"seq":"#;
const RESYNC: &[u8] = br#"{"resync":"#;
const SYNCED: &[u8] = br#"{"synced":"#;

/// A comment, which clients skip. It shows the client that the stream is alive, and shows the
/// server that the client takes bytes.
pub(crate) const KEEP_ALIVE: &[u8] = b": here\n\n";

/// Turns frames into events, one for each message. An event's id is the seq from which a client may
/// resume. Retained state has no ids: it is complete only when `synced` comes.
#[derive(Debug)]
pub(crate) struct EventFraming {
    /// The next messages are retained state, up to `synced`.
    is_snapshot: bool,
}

impl EventFraming {
    /// A framing for one client, which is served the retained state first.
    pub(crate) fn new() -> Self {
        Self { is_snapshot: true }
    }

    /// Notes that the client goes on where it was.
    pub(crate) fn note_resumed(&mut self) {
        self.is_snapshot = false;
    }

    /// The messages of a frame as events.
    pub(crate) fn events(&mut self, frame: &Frame) -> Vec<u8> {
        // Room for a seq of six digits in each event, if messages have some 100 bytes.
        let mut events = Vec::with_capacity(frame.len() + frame.len() / 4 + 64);
        for message in frame.slices().flat_map(|piece| piece.split(|byte| *byte == b'\n')) {
            if message.is_empty() {
                continue;
            }
            if let Some(seq) = self.event_id(message) {
                events.extend_from_slice(b"id: ");
                events.extend_from_slice(seq);
                events.push(b'\n');
            }
            events.extend_from_slice(b"data: ");
            events.extend_from_slice(message);
            events.extend_from_slice(b"\n\n");
        }
        events
    }

    /// The seq that a client has reached with this message, if it may resume from there.
    fn event_id<'a>(&mut self, message: &'a [u8]) -> Option<&'a [u8]> {
        if message.starts_with(RESYNC) {
            self.is_snapshot = true;
            return None;
        }
        if let Some(rest) = message.strip_prefix(SYNCED) {
            self.is_snapshot = false;
            return Some(leading_digits(rest));
        }
        message.strip_prefix(SEQ).filter(|_| !self.is_snapshot).map(leading_digits)
    }
}

/// The event that says why the stream ends. A websocket has a close frame for this.
pub(crate) fn closing(code: CloseCode) -> Vec<u8> {
    let (code, reason) = (code.value(), code.reason());
    format!("event: close\ndata: {{\"code\":{code},\"reason\":\"{reason}\"}}\n\n").into_bytes()
}

fn leading_digits(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtbroadcaster_protocol::{Action, KeyDigest, Limits, Rendering, Room, RoomId, Timestamp};

    /// The events that a follower of a room is served next.
    fn served(
        room: &mut Room,
        cursor: &mut rtbroadcaster_protocol::Cursor,
        framing: &mut EventFraming,
    ) -> String {
        let mut frame = Frame::default();
        room.serve(cursor, &mut frame);
        String::from_utf8(framing.events(&frame)).unwrap()
    }

    fn act(room: &mut Room, key: &'static str, slot: Option<&'static str>) {
        room.action(None, Action { key, params: "[]", slot, at: None }, Timestamp(0)).unwrap();
    }

    #[test]
    fn only_an_event_that_a_client_can_resume_from_has_an_id() {
        let limits = Limits::default().with(|limits| limits.ring_actions = 2);
        let mut room = Room::new(RoomId::from_random(1), KeyDigest([0; 32]), None, limits);
        act(&mut room, "a", Some("a"));
        let mut cursor = room.join(Rendering::Compact, None).unwrap();
        let mut framing = EventFraming::new();
        act(&mut room, "b", None);
        let expected = "data: {\"seq\":1,\"funcKey\":\"a\",\"stateMessage\":true}\n\n\
                        id: 1\ndata: {\"synced\":1}\n\n\
                        id: 2\ndata: {\"seq\":2,\"funcKey\":\"b\"}\n\n";
        assert_eq!(served(&mut room, &mut cursor, &mut framing), expected);
        for _ in 0..3 {
            act(&mut room, "c", None);
        }
        let expected = "data: {\"resync\":true,\"seq\":5}\n\n\
                        data: {\"seq\":1,\"funcKey\":\"a\",\"stateMessage\":true}\n\n\
                        id: 5\ndata: {\"synced\":5}\n\n";
        assert_eq!(served(&mut room, &mut cursor, &mut framing), expected);
    }

    #[test]
    fn a_client_that_resumes_in_the_ring_gets_ids_from_the_first_action_on() {
        let mut room = Room::new(RoomId::from_random(1), KeyDigest([0; 32]), None, Limits::default());
        act(&mut room, "a", None);
        act(&mut room, "b", None);
        let mut cursor = room.join(Rendering::Compact, Some(1)).unwrap();
        let mut framing = EventFraming::new();
        framing.note_resumed();
        let served = served(&mut room, &mut cursor, &mut framing);
        assert_eq!(served, "id: 2\ndata: {\"seq\":2,\"funcKey\":\"b\"}\n\n");
    }
}
