//! A message of the server, as the browser's JSON parser returns it.
//!
//! The fields of every action are read by getters of their own and the rest by name, because this
//! code runs a thousand times a second.

use alloc::string::String;

use js_sys::Array;
use rtbroadcaster_protocol::{Audience, LimitField, NumberField, Refusal, ServerFields};
use wasm_bindgen::prelude::{JsCast, JsValue, wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    /// js-sys's function takes a Rust string. With it, a text that came from JavaScript would be
    /// copied to Rust and back.
    #[wasm_bindgen(js_namespace = JSON, js_name = parse, catch)]
    fn parse_json(text: &JsValue) -> Result<JsValue, JsValue>;

    /// Any JavaScript object.
    pub(super) type Fields;

    #[wasm_bindgen(method, getter, js_name = funcKey)]
    fn func_key_value(this: &Fields) -> JsValue;

    #[wasm_bindgen(method, getter, js_name = funcParams)]
    fn func_params_value(this: &Fields) -> JsValue;

    #[wasm_bindgen(method, getter, js_name = stateMessage)]
    fn state_message_value(this: &Fields) -> JsValue;

    #[wasm_bindgen(method, getter, js_name = slot)]
    fn slot_value(this: &Fields) -> JsValue;

    #[wasm_bindgen(method, getter, js_name = at)]
    fn at_value(this: &Fields) -> JsValue;

    #[wasm_bindgen(method, getter, js_name = seq)]
    fn seq_value(this: &Fields) -> JsValue;

    #[wasm_bindgen(method, indexing_getter)]
    pub(super) fn get(this: &Fields, name: &str) -> JsValue;
}

impl Fields {
    /// Returns the fields of a JSON object; none if the text is anything else.
    pub(super) fn parse(text: &JsValue) -> Option<Self> {
        parse_json(text).ok().and_then(Self::of)
    }

    /// Returns the fields of an object. Anything else has none: to read a field of it might throw.
    pub(super) fn of(value: JsValue) -> Option<Self> {
        value.is_object().then(|| value.unchecked_into())
    }

    /// Whether it is an action. Most are.
    pub(super) fn is_action(&self) -> bool {
        self.func_key_value().is_truthy()
    }

    /// The number of the question that it refuses.
    pub(super) fn refused_ask(&self) -> Option<u64> {
        self.object("error")?.count("ask")
    }

    pub(super) fn object(&self, name: &str) -> Option<Self> {
        Self::of(self.get(name))
    }

    /// A field that is a text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).as_string()
    }

    /// A field that is a number from 0.
    pub(super) fn count(&self, name: &str) -> Option<u64> {
        whole_number(&self.get(name))
    }
}

impl ServerFields for Fields {
    type Params = Array;

    fn uuid(&self) -> Option<String> {
        self.text("uuid")
    }

    fn status(&self) -> Option<u64> {
        whole_number(&self.object("status")?.get("value"))
    }

    fn func_key(&self) -> Option<String> {
        self.func_key_value().as_string().filter(|key| !key.is_empty())
    }

    fn func_params(&self) -> Array {
        self.func_params_value().dyn_into().unwrap_or_else(|_| Array::new())
    }

    fn state_message(&self) -> bool {
        self.state_message_value().is_truthy()
    }

    fn slot(&self) -> Option<String> {
        self.slot_value().as_string()
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

    fn code(&self) -> Option<String> {
        self.text("code")
    }

    fn resync(&self) -> bool {
        self.get("resync").is_truthy()
    }

    fn at(&self) -> Option<u64> {
        whole_number(&self.at_value())
    }

    fn time(&self) -> Option<u64> {
        self.count("time")
    }

    fn clock(&self) -> bool {
        self.get("clock").is_truthy()
    }

    fn number(&self, field: NumberField) -> Option<u64> {
        whole_number(&match field {
            NumberField::Seq => self.seq_value(),
            NumberField::Version => self.get("v"),
            NumberField::Epoch => self.get("epoch"),
            NumberField::Ack => self.get("ack"),
            NumberField::Synced => self.get("synced"),
            NumberField::Shutdown => self.get("shutdown"),
            NumberField::Ping => self.get("ping"),
            NumberField::Pong => self.get("pong"),
        })
    }

    fn limit(&self, field: LimitField) -> Option<u64> {
        whole_number(&self.object("limits")?.get(match field {
            LimitField::MessageBytes => "messageBytes",
            LimitField::QueueActions => "queueActions",
            LimitField::QueueBytes => "queueBytes",
            LimitField::Heartbeat => "heartbeat",
        }))
    }

    fn audience(&self) -> Option<Audience> {
        let audience = self.object("audience")?;
        let count = |name| whole_number(&audience.get(name));
        Some(Audience { connected: count("connected")?, lagging: count("lagging")? })
    }

    fn error(&self) -> Option<Refusal> {
        let error = self.object("error")?;
        Some(Refusal {
            code: error.text("code")?,
            message: error.text("message").unwrap_or_default(),
            id: whole_number(&error.get("id")),
            retry_after_ms: whole_number(&error.get("retryAfterMs")),
        })
    }
}

fn whole_number(value: &JsValue) -> Option<u64> {
    // A number that JSON can carry but u64 can't saturates.
    value.as_f64().filter(|number| *number >= 0.0).map(|number| number as u64)
}
