//! Reads a server's messages from JSON text, for tests and for programs that follow a room. A page
//! has its browser read JSON.

use std::borrow::Cow;

use super::{Fields, object, text};
use crate::{Audience, MemberRole, Refusal, ServerFields, ServerMessage};
use crate::{LimitField, NumberField};

/// The messages of one frame from a server. Those that this version doesn't know are left out.
///
/// # Errors
/// The parser's error: the frame isn't a sequence of JSON objects.
pub fn server_messages(frame: &str) -> Result<Vec<ServerMessage<String>>, serde_json::Error> {
    let objects = serde_json::Deserializer::from_str(frame).into_iter::<Fields<'_>>();
    objects.filter_map(|fields| fields.map(|fields| ServerMessage::read(&fields)).transpose()).collect()
}

impl ServerFields for Fields<'_> {
    type Params = String;

    fn uuid(&self) -> Option<String> {
        or_absent(self.text("uuid"))
    }

    fn status(&self) -> Option<u64> {
        Fields::status(self).ok().flatten()
    }

    fn func_key(&self) -> Option<String> {
        or_absent(self.text("funcKey")).filter(|key| !key.is_empty())
    }

    fn func_params(&self) -> String {
        self.params().map_or_else(|_| "[]".to_owned(), Cow::into_owned)
    }

    fn state_message(&self) -> bool {
        self.boolean("stateMessage").unwrap_or(false)
    }

    fn slot(&self) -> Option<String> {
        or_absent(self.text("slot"))
    }

    fn clear(&self) -> Option<String> {
        or_absent(self.text("clear"))
    }

    fn owner(&self) -> Option<String> {
        or_absent(self.text("owner"))
    }

    fn owner_key(&self) -> Option<String> {
        or_absent(self.text("ownerKey"))
    }

    fn code(&self) -> Option<String> {
        or_absent(self.text("code"))
    }

    fn resync(&self) -> bool {
        self.boolean("resync").unwrap_or(false)
    }

    fn at(&self) -> Option<u64> {
        self.get("at")?.parse().ok()
    }

    fn time(&self) -> Option<u64> {
        self.get("time")?.parse().ok()
    }

    fn seat(&self) -> Option<u64> {
        self.get("seat")?.parse().ok()
    }

    fn role(&self) -> Option<MemberRole> {
        match &*or_absent(self.text("role"))? {
            "creator" => Some(MemberRole::Creator),
            "presenter" => Some(MemberRole::Presenter),
            _ => None,
        }
    }

    fn clock(&self) -> bool {
        self.boolean("clock").unwrap_or(false)
    }

    fn number(&self, field: NumberField) -> Option<u64> {
        let name = match field {
            NumberField::Version => "v",
            NumberField::Seq => "seq",
            NumberField::Epoch => "epoch",
            NumberField::Ack => "ack",
            NumberField::Synced => "synced",
            NumberField::Shutdown => "shutdown",
            NumberField::Ping => "ping",
            NumberField::Pong => "pong",
        };
        self.get(name)?.parse().ok()
    }

    fn limit(&self, field: LimitField) -> Option<u64> {
        let [message, actions, bytes, heartbeat] =
            object(self.get("limits")?, &["messageBytes", "queueActions", "queueBytes", "heartbeat"])?;
        let value = match field {
            LimitField::MessageBytes => message,
            LimitField::QueueActions => actions,
            LimitField::QueueBytes => bytes,
            LimitField::Heartbeat => heartbeat,
        };
        value?.parse().ok()
    }

    fn params_depth(&self) -> Option<u64> {
        let [depth] = object(self.get("limits")?, &["paramsDepth"])?;
        depth?.parse().ok()
    }

    fn audience(&self) -> Option<Audience> {
        let [connected, lagging] = object(self.get("audience")?, &["connected", "lagging"])?;
        Some(Audience { connected: connected?.parse().ok()?, lagging: lagging?.parse().ok()? })
    }

    fn error(&self) -> Option<Refusal> {
        let [code, message, id, retry] =
            object(self.get("error")?, &["code", "message", "id", "retryAfterMs"])?;
        let read = |json: Option<&str>| json.and_then(text).map(Cow::into_owned).unwrap_or_default();
        let number = |json: Option<&str>| json.and_then(|json| json.parse().ok());
        Some(Refusal {
            code: read(code),
            message: read(message),
            id: number(id),
            retry_after_ms: number(retry),
        })
    }
}

/// A field of a wrong type counts as absent.
fn or_absent(field: Result<Option<Cow<'_, str>>, Refusal>) -> Option<String> {
    field.ok().flatten().map(Cow::into_owned)
}
