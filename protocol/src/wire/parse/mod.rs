//! Reads messages from JSON text. Nothing else in this crate knows a JSON parser.
//!
//! Like the original (Go's `encoding/json`), it accepts field names in any case, ignores fields
//! that it doesn't know, and lets the last of two fields with one name win. Unlike the original, it
//! refuses a field of a wrong type and tells the sender.

mod fields;
mod lane;
mod question;
mod recorded;
mod recording;
mod scan;
mod server;

pub use recorded::{RecordedEvent, RecordedLine, RecordingHeader, recorded_line};
pub use server::server_messages;

use std::borrow::Cow;
use std::fmt;

use serde::de::Deserializer;

use self::fields::{FIELD_NAMES, Fields, FieldsVisitor, Name};
use self::scan::{Scanned, scan};
use crate::{
    Action, Claim, ClientMessage, Create, ENTRY_SLOT, Join, MAX_SESSION_BYTES, Refusal, RefusalCode, Status,
};

/// The largest number up to which JavaScript has every integer, and so every client: 2⁵³ − 1.
const MAX_NUMBER: u64 = (1 << 53) - 1;

/// The messages of one frame from a client: JSON objects, separated by any whitespace or by none.
///
/// A message with a fault is one refusal, and the next message is read. Text that is no JSON object
/// is one refusal for the rest of the frame. An action whose params have more levels than
/// `params_depth` is refused: see [`Limits::params_depth`](crate::Limits::params_depth).
pub fn client_messages(
    frame: &str,
    params_depth: usize,
) -> impl Iterator<Item = Result<ClientMessage<'_>, Refusal>> {
    let mut messages = ClientMessages::new(frame, params_depth);
    std::iter::from_fn(move || messages.next(true))
}

/// Reads the messages of a frame one by one.
pub struct ClientMessages<'a> {
    frame: &'a str,
    objects: serde_json::StreamDeserializer<'a, serde_json::de::StrRead<'a>, Fields<'a>>,
    is_broken: bool,
    params_depth: usize,
}

impl fmt::Debug for ClientMessages<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text may hold secrets, so this shows only how much of it is left.
        let left = self.frame.len() - self.objects.byte_offset();
        formatter.debug_struct("ClientMessages").field("bytes_left", &left).finish_non_exhaustive()
    }
}

impl<'a> ClientMessages<'a> {
    /// The messages of this frame, whose params may have this many levels.
    #[must_use]
    pub fn new(frame: &'a str, params_depth: usize) -> Self {
        let objects = serde_json::Deserializer::from_str(frame).into_iter();
        Self { frame, objects, is_broken: false, params_depth }
    }

    /// The next message, or the refusal of one that has a fault. If the client doesn't speak
    /// session fields, they are extra fields: whatever is in them is tolerated.
    pub fn next(&mut self, speaks_session_fields: bool) -> Option<Result<ClientMessage<'a>, Refusal>> {
        if self.is_broken {
            return None;
        }
        Some(match self.objects.next()? {
            Ok(mut fields) => {
                fields.is_tolerant = !speaks_session_fields;
                fields.params_depth = self.params_depth;
                fields.client_message()
            }
            Err(error) => {
                self.is_broken = true;
                Err(refuse_rest(&error.to_string()))
            }
        })
    }

    /// The part of the frame that was not read yet.
    #[must_use]
    pub fn rest(&self) -> &'a str {
        if self.is_broken { "" } else { &self.frame[self.objects.byte_offset()..] }
    }
}

/// Why the rest of a frame is refused without being read.
#[cfg(feature = "rooms")]
pub(crate) const TOO_MANY_REFUSALS: &str = "too many of its messages were refused";

/// The refusal of the rest of a frame, which isn't read.
pub(crate) fn refuse_rest(why: &str) -> Refusal {
    Refusal::with_message(RefusalCode::Malformed, format!("the rest of this frame was not read: {why}"))
}

impl<'a> Fields<'a> {
    /// The JSON text of a field's value. None if the field is absent or null.
    fn get(&self, name: &'static str) -> Option<&'a str> {
        self.raw(name).filter(|value| *value != "null")
    }

    /// The JSON text of a field's value. None if the field is absent.
    fn raw(&self, name: &'static str) -> Option<&'a str> {
        let at = FIELD_NAMES
            .iter()
            .position(|known| *known == name)
            .expect("every name asked for is in the table");
        self.values[at]
    }

    fn text(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, Refusal> {
        self.get(name).map(|json| text(json).ok_or_else(|| wrong_type(name, "a string"))).transpose()
    }

    fn number(&self, name: &'static str) -> Result<Option<u64>, Refusal> {
        let read = |json: &str| json.parse().ok().filter(|number| *number <= MAX_NUMBER);
        self.get(name)
            .map(|json| read(json).ok_or_else(|| wrong_type(name, "a whole number from 0 to 2^53 - 1")))
            .transpose()
    }

    /// A session field of this client: absent if it is of a wrong type and that is tolerated.
    fn session_field<T>(&self, field: Result<Option<T>, Refusal>) -> Result<Option<T>, Refusal> {
        if self.is_tolerant { Ok(field.unwrap_or(None)) } else { field }
    }

    fn session_number(&self, name: &'static str) -> Result<Option<u64>, Refusal> {
        self.session_field(self.number(name))
    }

    /// `id`: the number of an action within its session.
    fn id(&self) -> Result<Option<u64>, Refusal> {
        let id = self.number("id").and_then(|id| match id {
            Some(0) => Err(wrong_type("id", "1 or more: ids start at 1")),
            id => Ok(id),
        });
        self.session_field(id)
    }

    /// The field with this name, which names a slot.
    fn slot_name(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, Refusal> {
        let slot = self.text(name).and_then(|slot| match slot {
            Some(slot) if slot.is_empty() => Err(wrong_type(name, "a string that isn't empty")),
            Some(slot) if slot == ENTRY_SLOT => Err(wrong_type(name, "another string")),
            slot => Ok(slot),
        });
        self.session_field(slot)
    }

    /// `session`: the name of the session. Only read from clients that speak session fields.
    fn session_name(&self) -> Result<Option<Cow<'a, str>>, Refusal> {
        match self.text("session")? {
            Some(name) if name.len() > MAX_SESSION_BYTES => {
                Err(wrong_type("session", &format!("a string of at most {MAX_SESSION_BYTES} bytes")))
            }
            name => Ok(name),
        }
    }

    fn boolean(&self, name: &'static str) -> Result<bool, Refusal> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(wrong_type(name, "true or false")),
        }
    }

    fn params(&self) -> Result<Cow<'a, str>, Refusal> {
        match self.get("funcParams") {
            None => Ok(Cow::Borrowed("[]")),
            Some(json) if json.starts_with('[') => {
                let Scanned { compact, depth } = scan(json);
                if depth <= self.params_depth { Ok(compact) } else { Err(too_deep(self.params_depth)) }
            }
            Some(_) => Err(wrong_type("funcParams", "an array")),
        }
    }

    fn status(&self) -> Result<Option<u64>, Refusal> {
        let Some(json) = self.get("status") else { return Ok(None) };
        let wrong = || wrong_type("status", "an object whose \"value\" is a whole number");
        let [value, _] = object(json, &["value", "text"]).ok_or_else(wrong)?;
        value.ok_or_else(wrong)?.parse().map(Some).map_err(|_| wrong())
    }

    fn client_message(&self) -> Result<ClientMessage<'a>, Refusal> {
        self.read_client_message().map_err(|mut refusal| {
            // The refused action counts as answered, so its owner must learn which one it was.
            refusal.id = self.id().ok().flatten();
            refusal
        })
    }

    fn read_client_message(&self) -> Result<ClientMessage<'a>, Refusal> {
        let status = self.status()?;
        match status.map(Status::from_value) {
            Some(Some(Status::New)) => self.create(),
            Some(Some(Status::Join)) => self.join(),
            None | Some(Some(Status::Connected | Status::Close)) => self.in_room(status.is_some()),
            Some(Some(Status::NotConnected) | None) => Err(RefusalCode::UnknownStatus.into()),
        }
    }

    /// A message for a room that the connection is in. The original's readme gives a broadcast the
    /// status 4, and its sample has 3. So the function key decides whether it is an action.
    fn in_room(&self, has_status: bool) -> Result<ClientMessage<'a>, Refusal> {
        let key = self.text("funcKey")?.filter(|key| !key.is_empty());
        if let Some(key) = key {
            return self.action(key);
        }
        if let Some(slot) = self.slot_name("clear")? {
            return Ok(ClientMessage::Clear { id: self.id()?, slot });
        }
        if let Some(lane) = self.lane()? {
            return Ok(lane);
        }
        if let Some(record) = self.record()? {
            return Ok(record);
        }
        if let Some(seat) = self.session_number("drive")? {
            return Ok(ClientMessage::Drive { id: self.id()?, seat });
        }
        if let Some(number) = self.session_number("ping")? {
            let wants_time = self.session_field(self.boolean("time").map(Some))?.unwrap_or(false);
            return Ok(ClientMessage::Ping { number, wants_time });
        }
        if let Some(number) = self.session_number("pong")? {
            return Ok(ClientMessage::Pong(number));
        }
        if let Some(question) = self.question()? {
            return Ok(question);
        }
        match self.status()?.and_then(Status::from_value) {
            Some(Status::Close) => Ok(ClientMessage::Close),
            _ if has_status => Err(Refusal::with_message(
                RefusalCode::Malformed,
                "an action needs a \"funcKey\" that isn't empty",
            )),
            _ => Err(RefusalCode::UnknownStatus.into()),
        }
    }

    fn action(&self, key: Cow<'a, str>) -> Result<ClientMessage<'a>, Refusal> {
        let named = self.slot_name("slot")?;
        let retained = self.boolean("stateMessage")? || named.is_some();
        let slot = retained.then(|| named.unwrap_or_else(|| key.clone()));
        let id = self.id()?;
        let at = self.session_number("at")?;
        Ok(ClientMessage::Action { id, action: Action { key, params: self.params()?, slot, at } })
    }

    fn create(&self) -> Result<ClientMessage<'a>, Refusal> {
        let Some(version) = self.number("v")? else {
            return Ok(ClientMessage::Create(Create { token: self.tolerated_token(), ..Create::default() }));
        };
        Ok(ClientMessage::Create(Create {
            token: self.text("token")?,
            version: Some(version),
            session: self.session_name()?,
            share_audience: self.boolean("shareAudience")?,
            code: self.boolean("code")?,
            clock: self.boolean("clock")?,
            share_roster: self.boolean("shareRoster")?,
            record: self.recording_wish()?,
        }))
    }

    /// `token` of a client without session fields, which may need one too.
    fn tolerated_token(&self) -> Option<Cow<'a, str>> {
        self.text("token").unwrap_or(None)
    }

    fn join(&self) -> Result<ClientMessage<'a>, Refusal> {
        let uuid = self.text("uuid")?.unwrap_or_default();
        let Some(version) = self.number("v")? else {
            let token = self.tolerated_token();
            return Ok(ClientMessage::Join(Join { uuid, token, ..Join::default() }));
        };
        let claim = match self.claim_key()? {
            Some((key, kind)) => Some(Claim {
                key,
                kind,
                session: self.session_name()?,
                acknowledged: self.number("ack")?,
                epoch: self.number("epoch")?,
                share_audience: self.boolean("shareAudience")?,
                share_roster: self.boolean("shareRoster")?,
            }),
            None => None,
        };
        let session = if claim.is_some() { None } else { self.session_name()? };
        Ok(ClientMessage::Join(Join {
            uuid,
            version: Some(version),
            since: self.number("since")?,
            claim,
            clock: self.boolean("clock")?,
            record: self.recording_wish()?,
            name: self.text("name")?,
            session,
            token: self.text("token")?,
        }))
    }
}

fn wrong_type(name: &str, expected: &str) -> Refusal {
    Refusal::with_message(RefusalCode::Malformed, format!("\"{name}\" must be {expected}"))
}

fn too_deep(limit: usize) -> Refusal {
    let message = format!("the params are nested deeper than {limit} levels (limits.paramsDepth)");
    Refusal::with_message(RefusalCode::ParamsTooDeep, message)
}

/// The text of a JSON string, borrowed if it has no escapes. None if the JSON is no string.
fn text(json: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Name<'_>>(json).ok().map(|Name(text)| text)
}

/// The JSON text of the values of an inner object's fields. None if the JSON is no object.
fn object<'a, const N: usize>(
    json: &'a str,
    names: &'static [&'static str; N],
) -> Option<[Option<&'a str>; N]> {
    serde_json::Deserializer::from_str(json).deserialize_map(FieldsVisitor(names)).ok()
}

#[cfg(test)]
mod tests;
