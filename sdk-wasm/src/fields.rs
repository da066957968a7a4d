//! A message of the server, as the browser's JSON parser returns it. js/message.js holds it.

use alloc::string::String;

use rtbroadcaster_protocol::{Audience, LimitField, NumberField, Refusal, ServerFields};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::params::Params;

/// The fields of a message that the engine reads, by their paths in the message.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Field {
    Status = "status.value",
    FuncKey = "funcKey",
    StateMessage = "stateMessage",
    Slot = "slot",
    Clear = "clear",
    Owner = "owner",
    Resync = "resync",
    Seq = "seq",
    Version = "v",
    Epoch = "epoch",
    Ack = "ack",
    Synced = "synced",
    Shutdown = "shutdown",
    Ping = "ping",
    Pong = "pong",
    MessageBytes = "limits.messageBytes",
    QueueActions = "limits.queueActions",
    QueueBytes = "limits.queueBytes",
    Heartbeat = "limits.heartbeat",
    Connected = "audience.connected",
    Lagging = "audience.lagging",
    ErrorCode = "error.code",
    ErrorMessage = "error.message",
    ErrorId = "error.id",
    RetryAfter = "error.retryAfterMs",
}

#[cfg_attr(feature = "npm", wasm_bindgen(raw_module = "./message.js"))]
#[cfg_attr(not(feature = "npm"), wasm_bindgen(module = "/js/bundled.js"))]
extern "C" {
    /// A field of the current message that is a text and not empty.
    #[wasm_bindgen(js_name = textOf)]
    fn text_of(field: Field) -> Option<String>;

    /// A field of the current message: 1 for true, 0 for false, NaN if it is neither a number nor a
    /// boolean.
    #[wasm_bindgen(js_name = numberOf)]
    fn number_of(field: Field) -> f64;
}

/// The current message in js/message.js.
pub(crate) struct Fields;

/// A field that is a number from 0. A number that JSON can carry but `u64` can't saturates.
fn whole_number(field: Field) -> Option<u64> {
    let value = number_of(field);
    (value >= 0.0).then_some(value as u64)
}

impl ServerFields for Fields {
    type Params = Params;

    // js/driver.js itself reads what the reply says of the room.

    fn uuid(&self) -> Option<String> {
        None
    }

    fn status(&self) -> Option<u64> {
        whole_number(Field::Status)
    }

    fn func_key(&self) -> Option<String> {
        text_of(Field::FuncKey)
    }

    fn func_params(&self) -> Params {
        Params::of_current_message()
    }

    fn state_message(&self) -> bool {
        whole_number(Field::StateMessage) == Some(1)
    }

    fn slot(&self) -> Option<String> {
        text_of(Field::Slot)
    }

    fn clear(&self) -> Option<String> {
        text_of(Field::Clear)
    }

    fn owner(&self) -> Option<String> {
        text_of(Field::Owner)
    }

    fn owner_key(&self) -> Option<String> {
        None
    }

    fn code(&self) -> Option<String> {
        None
    }

    fn resync(&self) -> bool {
        whole_number(Field::Resync) == Some(1)
    }

    fn number(&self, field: NumberField) -> Option<u64> {
        whole_number(match field {
            NumberField::Seq => Field::Seq,
            NumberField::Version => Field::Version,
            NumberField::Epoch => Field::Epoch,
            NumberField::Ack => Field::Ack,
            NumberField::Synced => Field::Synced,
            NumberField::Shutdown => Field::Shutdown,
            NumberField::Ping => Field::Ping,
            NumberField::Pong => Field::Pong,
        })
    }

    fn limit(&self, field: LimitField) -> Option<u64> {
        whole_number(match field {
            LimitField::MessageBytes => Field::MessageBytes,
            LimitField::QueueActions => Field::QueueActions,
            LimitField::QueueBytes => Field::QueueBytes,
            LimitField::Heartbeat => Field::Heartbeat,
        })
    }

    fn audience(&self) -> Option<Audience> {
        let (connected, lagging) = (whole_number(Field::Connected)?, whole_number(Field::Lagging)?);
        Some(Audience { connected, lagging })
    }

    fn error(&self) -> Option<Refusal> {
        Some(Refusal {
            code: text_of(Field::ErrorCode)?,
            message: text_of(Field::ErrorMessage).unwrap_or_default(),
            id: whole_number(Field::ErrorId),
            retry_after_ms: whole_number(Field::RetryAfter),
        })
    }
}
