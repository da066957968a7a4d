//! What a recording plays, and when.

use std::collections::BTreeMap;

use rtbroadcaster_protocol::parse::{RecordedEvent, RecordedLine, recorded_line};
use rtbroadcaster_protocol::{Action, ClientMessage, ServerMessage, render};

/// A message for the room, and its moment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Milliseconds since the start.
    pub(super) at: u64,
    /// An action or a clear, as an owner sends it.
    pub(super) message: String,
}

/// Reads a recording line by line.
#[derive(Debug, Default)]
pub(super) struct Moments {
    started: Option<u64>,
    /// The moment of the last step. None comes before it.
    last: u64,
    /// The seq of the newest action of each slot.
    slots: BTreeMap<String, u64>,
    snapshot: Option<Snapshot>,
    is_in_room: bool,
}

/// A snapshot that is being read.
#[derive(Debug, Default)]
struct Snapshot {
    /// Whether it says what isn't known: at the start, and after a gap.
    is_news: bool,
    messages: Vec<ServerMessage<String>>,
}

impl Moments {
    /// The moment of the last step, or of the end if it was read, in milliseconds.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// What a line plays. None at the end of the recording, and from what can't be read on.
    pub(super) fn read(&mut self, line: &str) -> Option<Vec<Step>> {
        let (t, event) = match recorded_line(line)? {
            RecordedLine::Header(header) => {
                self.started = Some(header.started);
                return Some(Vec::new());
            }
            RecordedLine::At { t, event } => (t, event),
        };
        self.started?;
        Some(match event {
            RecordedEvent::Gap => {
                self.snapshot = Some(Snapshot { is_news: true, messages: Vec::new() });
                Vec::new()
            }
            RecordedEvent::Snapshot(_) => {
                let is_news = !self.is_in_room || self.snapshot.as_ref().is_some_and(|gap| gap.is_news);
                self.snapshot = Some(Snapshot { is_news, messages: Vec::new() });
                Vec::new()
            }
            RecordedEvent::Synced(_) => {
                let snapshot = self.snapshot.take().unwrap_or_default();
                self.is_in_room = true;
                if snapshot.is_news { self.catch_up(t, snapshot.messages) } else { Vec::new() }
            }
            RecordedEvent::Message(message) => match &mut self.snapshot {
                Some(snapshot) => {
                    snapshot.messages.push(message);
                    Vec::new()
                }
                None => self.step(t, message).into_iter().collect(),
            },
            RecordedEvent::Unknown(_) => Vec::new(),
            RecordedEvent::End(_) => {
                self.last = self.last.max(t);
                return None;
            }
        })
    }

    /// Plays what a snapshot has and the room has not, and clears what it has not.
    fn catch_up(&mut self, t: u64, retained: Vec<ServerMessage<String>>) -> Vec<Step> {
        let slot = |message: &ServerMessage<String>| match message {
            ServerMessage::Action { slot, .. } => slot.clone(),
            _ => None,
        };
        let held: Vec<_> = retained.iter().filter_map(slot).collect();
        let gone: Vec<_> = self.slots.keys().filter(|slot| !held.contains(slot)).cloned().collect();
        let cleared = gone.into_iter().map(|slot| ServerMessage::Cleared { seq: None, slot });
        let changed: Vec<_> = retained
            .into_iter()
            .filter(|message| slot(message).and_then(|slot| self.slots.get(&slot).copied()) != message.seq())
            .collect();
        cleared.chain(changed).filter_map(|message| self.step(t, message)).collect()
    }

    fn step(&mut self, t: u64, message: ServerMessage<String>) -> Option<Step> {
        let (message, at) = match message {
            ServerMessage::Action { seq, key, params, slot, at } => {
                if let Some(slot) = &slot {
                    self.slots.insert(slot.clone(), seq.unwrap_or_default());
                }
                let action =
                    Action { key: key.into(), params: params.into(), slot: slot.map(Into::into), at: None };
                (ClientMessage::Action { id: None, action }, at)
            }
            ServerMessage::Cleared { slot, .. } => {
                self.slots.remove(&slot);
                (ClientMessage::Clear { id: None, slot: slot.into() }, None)
            }
            _ => return None,
        };
        // It ran at its own moment, and what followed waited for it.
        let due = at.map_or(0, |at| at.saturating_sub(self.started.unwrap_or_default()));
        self.last = self.last.max(t).max(due);
        let mut text = String::new();
        render::client(&mut text, &message);
        Some(Step { at: self.last, message: text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(lines: &[&str]) -> Vec<(u64, String)> {
        let mut moments = Moments::default();
        let steps = lines.iter().map_while(|line| moments.read(line)).flatten();
        steps.map(|Step { at, message }| (at, message)).collect()
    }

    const HEADER: &str = r#"{"rtbroadcaster":1,"uuid":"u","started":1000,"part":1}"#;

    #[test]
    fn the_state_comes_first_then_each_line_at_its_moment() {
        let played = steps(&[
            HEADER,
            r#"{"t":0,"snapshot":7}"#,
            r#"{"t":0,"seq":3,"funcKey":"goTo","funcParams":[1],"stateMessage":true}"#,
            r#"{"t":0,"synced":7}"#,
            r#"{"t":5,"seq":8,"at":1020,"funcKey":"flash"}"#,
            r#"{"t":9,"seq":9,"clear":"\u0000","recording":{"on":true}}"#,
            r#"{"t":9,"snapshot":9}"#,
            r#"{"t":9,"seq":3,"funcKey":"goTo","funcParams":[1],"stateMessage":true}"#,
            r#"{"t":9,"synced":9}"#,
            r#"{"t":10,"seq":10,"clear":"goTo"}"#,
            r#"{"t":90,"seq":11,"funcKey":"bye"}"#,
            r#"{"t":99,"end":"closed"}"#,
            r#"{"t":99,"seq":12,"funcKey":"no"}"#,
        ]);
        let expected = [
            (0, r#"{"funcKey":"goTo","funcParams":[1],"stateMessage":true}"#),
            (20, r#"{"funcKey":"flash"}"#),
            (20, r#"{"clear":"goTo"}"#),
            (90, r#"{"funcKey":"bye"}"#),
        ];
        assert_eq!(played, expected.map(|(at, message)| (at, message.to_owned())));
    }

    #[test]
    fn after_a_gap_only_what_differs_is_played() {
        let played = steps(&[
            HEADER,
            r#"{"t":0,"snapshot":2}"#,
            r#"{"t":0,"seq":1,"funcKey":"a","stateMessage":true}"#,
            r#"{"t":0,"seq":2,"funcKey":"b","stateMessage":true}"#,
            r#"{"t":0,"synced":2}"#,
            r#"{"t":7,"gap":true}"#,
            r#"{"t":7,"snapshot":90}"#,
            r#"{"t":7,"seq":2,"funcKey":"b","stateMessage":true}"#,
            r#"{"t":7,"seq":80,"funcKey":"c","stateMessage":true}"#,
            r#"{"t":7,"synced":90}"#,
            r#"{"t":8,"seq":91,"funcKey":"d","funcPar"#,
        ]);
        let after: Vec<_> = played[2..].iter().map(|(at, message)| (*at, message.as_str())).collect();
        assert_eq!(after, [(7, r#"{"clear":"a"}"#), (7, r#"{"funcKey":"c","stateMessage":true}"#)]);
    }
}
