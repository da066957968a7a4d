//! The messages of owners and followers, and what the load generator reads from the answers.

use super::dialect::Dialect;
use super::stamp::{STAMP_BYTES, Stamp};

/// How messages are rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rendering {
    /// The original's whole envelope, which every candidate speaks.
    Original,
    /// With session fields, and without fields that have their default.
    Compact,
}

/// The session of every owner: each is in a room of its own.
const SESSION: &str = "bench-bench-bench-bench-bench";

/// Status 1.
pub(crate) fn create(rendering: Rendering) -> String {
    match rendering {
        Rendering::Original => envelope("", 1, "new connection", "", "[]", false),
        Rendering::Compact => {
            format!(r#"{{"status":{{"value":1}},"v":2,"session":"{SESSION}"}}"#)
        }
    }
}

/// Status 2.
pub(crate) fn join(uuid: &str, rendering: Rendering) -> String {
    match rendering {
        Rendering::Original => envelope(uuid, 2, "join connection", "", "[]", false),
        Rendering::Compact => format!(r#"{{"uuid":"{uuid}","status":{{"value":2}},"v":2}}"#),
    }
}

/// The join of a follower that comes back, and has everything up to this message.
pub(crate) fn come_back(uuid: &str, since: u64) -> String {
    format!(r#"{{"uuid":"{uuid}","status":{{"value":2}},"v":2,"since":{since}}}"#)
}

/// The join of an owner that comes back.
pub(crate) fn claim(uuid: &str, owner_key: &str) -> String {
    format!(
        r#"{{"uuid":"{uuid}","status":{{"value":2}},"v":2,"session":"{SESSION}","ownerKey":"{owner_key}"}}"#
    )
}

/// The floor's answer to create and join.
pub(crate) fn connected(uuid: &str) -> String {
    envelope(uuid, 3, "connected", "", "[]", false)
}

fn envelope(uuid: &str, status: u8, text: &str, key: &str, params: &str, state: bool) -> String {
    format!(
        r#"{{"uuid":"{uuid}","status":{{"value":{status},"text":"{text}"}},"funcKey":"{key}","funcParams":{params},"stateMessage":{state}}}"#
    )
}

/// An action of a given size, which is sent again and again with another stamp.
#[derive(Debug, Clone)]
pub(crate) struct ActionTemplate {
    text: Vec<u8>,
    stamp_at: usize,
    /// Where its id goes and what stands around it, if the server acknowledges it, as for pages.
    id: Option<(usize, &'static str, &'static str)>,
    /// A buffer, kept for reuse.
    with_id: Vec<u8>,
}

impl ActionTemplate {
    /// Makes an action that has `bytes` on its way to followers, or as few as possible if that is
    /// too small. With `state`, rooms retain it under its key.
    pub(crate) fn new(uuid: &str, rendering: Rendering, key: &str, state: bool, bytes: usize) -> Self {
        let around = |params: &str| match rendering {
            Rendering::Original => envelope(uuid, 3, "connected", key, params, state),
            Rendering::Compact if state => {
                format!(r#"{{"funcKey":"{key}","funcParams":{params},"stateMessage":true}}"#)
            }
            Rendering::Compact => format!(r#"{{"funcKey":"{key}","funcParams":{params}}}"#),
        };
        let bare = around(r#"[""]"#);
        let padding = bytes.saturating_sub(bare.len()).max(STAMP_BYTES);
        let param = format!(r#"["{}"]"#, "x".repeat(padding));
        let text = around(&param);
        let stamp_at = text.find(&param).expect("the params are in it") + 2;
        Self {
            text: text.into_bytes(),
            stamp_at,
            id: (rendering == Rendering::Compact).then(|| Dialect::Plain.id()),
            with_id: Vec::new(),
        }
    }

    /// The same as it is on the wire.
    pub(crate) fn wrapped(self, dialect: Dialect) -> Self {
        let text = String::from_utf8(self.text).expect("it was made of text");
        let wrapped = dialect.wrap(&text).into_owned();
        let shift = wrapped.find(&text).expect("a wrapper is around it");
        let id = self.id.map(|_| dialect.id());
        Self { text: wrapped.into_bytes(), stamp_at: self.stamp_at + shift, id, ..self }
    }

    /// Writes a stamp into the message and returns it. With session fields, the stamp's number is
    /// its `id`.
    pub(crate) fn stamped(&mut self, stamp: Stamp) -> &[u8] {
        let mut bytes = Vec::with_capacity(STAMP_BYTES);
        stamp.write(&mut bytes);
        self.text[self.stamp_at..self.stamp_at + STAMP_BYTES].copy_from_slice(&bytes);
        let Some((at, before, after)) = self.id else { return &self.text };
        self.with_id.clear();
        self.with_id.extend_from_slice(&self.text[..at]);
        self.with_id.extend_from_slice(format!("{before}{}{after}", stamp.number).as_bytes());
        self.with_id.extend_from_slice(&self.text[at..]);
        &self.with_id
    }
}

/// The meaning of a message without a stamp.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer<'a> {
    /// Status 3: in the room with this uuid.
    Connected(&'a str),
    /// Status 0: refused, or closed.
    NotConnected,
    /// Any other message with session fields.
    Other,
}

/// Reads a message by its status.
pub(crate) fn read_answer(message: &str) -> Answer<'_> {
    match status(message) {
        Some(b'3') => Answer::Connected(
            after(message, r#""uuid":""#).and_then(|rest| rest.split('"').next()).unwrap_or(""),
        ),
        Some(b'0') => Answer::NotConnected,
        _ => Answer::Other,
    }
}

/// The digit of `status.value`.
pub(crate) fn status(message: &str) -> Option<u8> {
    after(message, r#""value":"#)?.bytes().next()
}

/// The uuid in a message.
pub(crate) fn uuid(message: &str) -> Option<&str> {
    after(message, r#""uuid":""#)?.split('"').next()
}

/// The owner key in the answer to a create.
pub(crate) fn owner_key(message: &str) -> Option<&str> {
    after(message, r#""ownerKey":""#)?.split('"').next()
}

/// The function key in a message.
pub(crate) fn key(message: &str) -> Option<&str> {
    after(message, r#""funcKey":""#)?.split('"').next()
}

/// Whether a message is a state message.
pub(crate) fn is_state(message: &str) -> bool {
    message.contains(r#""stateMessage":true"#)
}

fn after<'a>(text: &'a str, what: &str) -> Option<&'a str> {
    let at = memchr::memmem::find(text.as_bytes(), what.as_bytes())?;
    text.get(at + what.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9";

    #[test]
    fn an_action_is_as_long_as_wanted_and_carries_its_stamp() {
        for rendering in [Rendering::Original, Rendering::Compact] {
            for state in [false, true] {
                let mut action = ActionTemplate::new(UUID, rendering, "move", state, 200);
                let stamp = Stamp { number: 12, micros: 34 };
                let text = String::from_utf8(action.stamped(stamp).to_vec()).unwrap();
                assert_eq!(Stamp::all(text.as_bytes()).collect::<Vec<_>>(), [Some(stamp)]);
                let json: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert_eq!(json["funcKey"], "move");
                let (id, bytes) = if rendering == Rendering::Compact { (Some(12), 208) } else { (None, 200) };
                assert_eq!((json["id"].as_u64(), text.len()), (id, bytes), "{text}");
                assert_eq!((key(&text), is_state(&text)), (Some("move"), state));
            }
        }
    }

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(read_answer(&connected(UUID)), Answer::Connected(UUID));
        assert_eq!(read_answer(r#"{"status":{"value":0,"text":"no"},"error":{}}"#), Answer::NotConnected);
        assert_eq!(read_answer(r#"{"synced":4}"#), Answer::Other);
        assert_eq!(uuid(&join(UUID, Rendering::Compact)), Some(UUID));
        assert_eq!(status(&join(UUID, Rendering::Original)), Some(b'2'));
    }
}
