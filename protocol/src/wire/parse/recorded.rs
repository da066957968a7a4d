//! Reads the lines of a recording: see [`Recorder`](crate::Recorder).

use serde::de::Deserializer;

use super::{Fields, FieldsVisitor, text};
use crate::{ENTRY_SLOT, ServerMessage};

/// One line of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordedLine {
    /// The first line: what was recorded, and since when.
    Header(RecordingHeader),
    /// A line that came so many milliseconds after the start.
    At {
        /// `t`.
        t: u64,
        /// What came.
        event: RecordedEvent,
    },
}

/// The first line of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingHeader {
    /// `uuid`: the room.
    pub uuid: String,
    /// `started`: milliseconds since 1970, by the server's clock.
    pub started: u64,
    /// `part`: the how many-th recording of its room it is, from 1.
    pub part: u64,
}

/// What a line of a recording says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordedEvent {
    /// `snapshot`: what the room retained at this seq comes next, up to
    /// [`RecordedEvent::Synced`].
    Snapshot(u64),
    /// `gap`: actions are missing here. A snapshot comes next; slots not in it were cleared.
    Gap,
    /// `synced`: the snapshot is complete, and stands for everything up to this seq.
    Synced(u64),
    /// `end`: why nothing comes after this.
    End(String),
    /// An action or a clear, in its original order.
    Message(ServerMessage<String>),
    /// What this version doesn't know. It has a seq if it is from the room's log.
    Unknown(Option<u64>),
}

/// The line of a recording. None if it is none: of a file that a process left when it was killed,
/// the last line may be torn.
#[must_use]
pub fn recorded_line(line: &str) -> Option<RecordedLine> {
    let [format, uuid, started, part, t, snapshot, gap, end] =
        object(line, &["rtbroadcaster", "uuid", "started", "part", "t", "snapshot", "gap", "end"])?;
    if format == Some("1") {
        let uuid = text(uuid?)?.into_owned();
        let (started, part) = (started?.parse().ok()?, part?.parse().ok()?);
        return Some(RecordedLine::Header(RecordingHeader { uuid, started, part }));
    }
    let t = t?.parse().ok()?;
    let event = match (snapshot, gap, end) {
        (Some(seq), _, _) => RecordedEvent::Snapshot(seq.parse().ok()?),
        (_, Some("true"), _) => RecordedEvent::Gap,
        (_, _, Some(why)) => RecordedEvent::End(text(why)?.into_owned()),
        _ => message(line)?,
    };
    Some(RecordedLine::At { t, event })
}

fn message(line: &str) -> Option<RecordedEvent> {
    let fields: Fields<'_> = serde_json::from_str(line).ok()?;
    let seq = fields.get("seq").and_then(|json| json.parse().ok());
    Some(match ServerMessage::read(&fields) {
        Some(ServerMessage::Synced(seq)) => RecordedEvent::Synced(seq),
        Some(ServerMessage::Cleared { slot, .. }) if slot == ENTRY_SLOT => RecordedEvent::Unknown(seq),
        Some(message @ (ServerMessage::Action { .. } | ServerMessage::Cleared { .. })) => {
            RecordedEvent::Message(message)
        }
        Some(_) | None => RecordedEvent::Unknown(seq),
    })
}

/// The JSON text of the values of a whole line's fields. None if the line is no JSON object, or has
/// more behind it.
fn object<'a, const N: usize>(
    line: &'a str,
    names: &'static [&'static str; N],
) -> Option<[Option<&'a str>; N]> {
    let mut json = serde_json::Deserializer::from_str(line);
    let values = (&mut json).deserialize_map(FieldsVisitor(names)).ok()?;
    json.end().ok()?;
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(line: &str) -> Option<RecordedEvent> {
        match recorded_line(line)? {
            RecordedLine::At { event, .. } => Some(event),
            RecordedLine::Header(_) => None,
        }
    }

    #[test]
    fn each_kind_of_line_is_read() {
        let header = r#"{"rtbroadcaster":1,"uuid":"u","started":1790000000000,"part":2}"#;
        let expected = RecordingHeader { uuid: "u".into(), started: 1_790_000_000_000, part: 2 };
        assert_eq!(recorded_line(header), Some(RecordedLine::Header(expected)));
        assert_eq!(event(r#"{"t":0,"snapshot":79}"#), Some(RecordedEvent::Snapshot(79)));
        assert_eq!(event(r#"{"t":0,"synced":79}"#), Some(RecordedEvent::Synced(79)));
        assert_eq!(event(r#"{"t":1,"gap":true}"#), Some(RecordedEvent::Gap));
        assert_eq!(event(r#"{"t":1,"end":"size"}"#), Some(RecordedEvent::End("size".into())));
        let entry = r#"{"t":1,"seq":80,"clear":"\u0000","recording":{"on":true,"shared":false}}"#;
        assert_eq!(event(entry), Some(RecordedEvent::Unknown(Some(80))));
        let cleared = ServerMessage::Cleared { seq: Some(81), slot: "pen".into() };
        assert_eq!(event(r#"{"t":1,"seq":81,"clear":"pen"}"#), Some(RecordedEvent::Message(cleared)),);
        let action = event(r#"{"t":1,"seq":82,"funcKey":"goTo","funcParams":[3],"stateMessage":true}"#);
        assert!(matches!(
            action,
            Some(RecordedEvent::Message(ServerMessage::Action { seq: Some(82), slot: Some(_), .. }))
        ));
    }

    #[test]
    fn a_torn_line_is_none() {
        let line = r#"{"t":1,"seq":82,"funcKey":"goTo","funcParams":[3],"stateMessage":true}"#;
        for end in 0..line.len() {
            assert_eq!(recorded_line(&line[..end]), None, "{}", &line[..end]);
        }
        assert_eq!(recorded_line("7"), None);
        assert_eq!(recorded_line(r#"{"t":1,"snapshot":1} {"#), None);
        assert_eq!(recorded_line(r#"{"rtbroadcaster":2,"uuid":"u","started":1,"part":1}"#), None);
    }
}
