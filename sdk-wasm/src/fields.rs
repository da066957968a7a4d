//! A message of the server as the browser's JSON parser leaves it.

use alloc::string::String;

use rtbroadcaster_protocol::{Audience, LimitField, NumberField, Refusal, ServerFields};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

#[wasm_bindgen(module = "/js/room.js")]
extern "C" {
    fn number(message: &JsValue, path: &str) -> f64;

    fn text(message: &JsValue, path: &str) -> Option<String>;
}

/// Any JavaScript object. Its actions come another way, see `Bridge::action`.
pub(crate) struct Fields<'a>(pub(crate) &'a JsValue);

impl Fields<'_> {
    fn text(&self, path: &str) -> Option<String> {
        text(self.0, path)
    }

    fn number(&self, path: &str) -> Option<u64> {
        whole_number(number(self.0, path))
    }
}

impl ServerFields for Fields<'_> {
    type Params = JsValue;

    fn uuid(&self) -> Option<String> {
        self.text("uuid")
    }

    fn status(&self) -> Option<u64> {
        self.number("status.value")
    }

    fn func_key(&self) -> Option<String> {
        None
    }

    fn func_params(&self) -> JsValue {
        JsValue::UNDEFINED
    }

    fn state_message(&self) -> bool {
        false
    }

    fn slot(&self) -> Option<String> {
        None
    }

    fn clear(&self) -> Option<String> {
        self.text("clear")
    }

    fn owner(&self) -> Option<String> {
        self.text("owner")
    }

    fn owner_key(&self) -> Option<String> {
        self.text("ownerKey")
    }

    fn resync(&self) -> bool {
        self.number("resync") == Some(1)
    }

    fn number(&self, field: NumberField) -> Option<u64> {
        self.number(match field {
            NumberField::Seq => "seq",
            NumberField::Version => "v",
            NumberField::Epoch => "epoch",
            NumberField::Ack => "ack",
            NumberField::Synced => "synced",
            NumberField::Shutdown => "shutdown",
            NumberField::Ping => "ping",
            NumberField::Pong => "pong",
        })
    }

    fn limit(&self, field: LimitField) -> Option<u64> {
        self.number(match field {
            LimitField::MessageBytes => "limits.messageBytes",
            LimitField::QueueActions => "limits.queueActions",
            LimitField::QueueBytes => "limits.queueBytes",
            LimitField::Heartbeat => "limits.heartbeat",
        })
    }

    fn audience(&self) -> Option<Audience> {
        let (connected, lagging) = (self.number("audience.connected")?, self.number("audience.lagging")?);
        Some(Audience { connected, lagging })
    }

    fn error(&self) -> Option<Refusal> {
        Some(Refusal {
            code: self.text("error.code")?,
            message: self.text("error.message").unwrap_or_default(),
            id: self.number("error.id"),
            retry_after_ms: self.number("error.retryAfterMs"),
        })
    }
}

/// A number that JSON can carry but u64 can't, saturates; one that isn't there is NaN.
pub(crate) fn whole_number(value: f64) -> Option<u64> {
    (value >= 0.0).then_some(value as u64)
}
