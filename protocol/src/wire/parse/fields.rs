//! The fields of a message, picked out of its JSON.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The fields of one JSON object, each as the JSON text of its value.
pub(crate) struct Fields<'a> {
    pub(super) values: [Option<&'a str>; FIELD_NAMES.len()],
    /// Whether session fields of a wrong type count as absent, instead of being refused.
    pub(super) is_tolerant: bool,
    /// How many levels the params may have. A server's may have any number.
    pub(super) params_depth: usize,
}

pub(super) const FIELD_NAMES: [&str; 49] = [
    "funcKey",
    "funcParams",
    "stateMessage",
    "slot",
    "id",
    "uuid",
    "status",
    "clear",
    "ping",
    "pong",
    "v",
    "session",
    "since",
    "ownerKey",
    "seq",
    "epoch",
    "ack",
    "synced",
    "resync",
    "owner",
    "limits",
    "error",
    "shareAudience",
    "audience",
    "shutdown",
    "token",
    "code",
    "at",
    "time",
    "clock",
    "ask",
    "roster",
    "name",
    "seat",
    "shareRoster",
    "lane",
    "as",
    "vote",
    "n",
    "react",
    "say",
    "record",
    "invite",
    "drive",
    "request",
    "refuse",
    "revoke",
    "takeBack",
    "role",
];

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor(&FIELD_NAMES)).map(|values| Self {
            values,
            is_tolerant: false,
            params_depth: usize::MAX,
        })
    }
}

/// Picks the fields with these names out of an object.
pub(super) struct FieldsVisitor<const N: usize>(pub(super) &'static [&'static str; N]);

impl<'de, const N: usize> Visitor<'de> for FieldsVisitor<N> {
    type Value = [Option<&'de str>; N];

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = [None; N];
        while let Some(Name(name)) = map.next_key()? {
            let known = self.0.iter().position(|known| *known == name);
            match known.or_else(|| self.0.iter().position(|known| known.eq_ignore_ascii_case(&name))) {
                Some(at) => values[at] = Some(map.next_value::<&'de RawValue>()?.get()),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(values)
    }
}

/// A field's name, borrowed if it has no escapes.
#[derive(Deserialize)]
pub(super) struct Name<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);
