//! A message of the server, as the browser's JSON parser returns it.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use rtbroadcaster_protocol::{Audience, LimitField, NumberField, Refusal, ServerFields};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::params::Params;

#[cfg_attr(feature = "npm", wasm_bindgen(raw_module = "./room.js"))]
#[cfg_attr(not(feature = "npm"), wasm_bindgen(module = "/js/room.js"))]
extern "C" {
    /// A field of the current message in js/room.js: 1 for true, 0 for false, NaN if it is neither
    /// a number nor a boolean.
    fn number(field: i32) -> f64;
}

/// The texts of a message, which js/room.js writes before the call. The fields' names stand there
/// in the reverse order.
#[derive(Clone, Copy)]
enum Text {
    FuncKey,
    Slot,
    Clear,
    Owner,
    Uuid,
    OwnerKey,
    ErrorCode,
    ErrorMessage,
}

/// The numbers of a message, for which Rust asks js/room.js one by one. The fields' names stand
/// there in the same order.
#[derive(Clone, Copy)]
#[repr(i32)]
enum Number {
    Seq,
    StateMessage,
    Version,
    Epoch,
    Ack,
    Synced,
    Shutdown,
    Ping,
    Pong,
    MessageBytes,
    QueueActions,
    QueueBytes,
    Heartbeat,
    Status,
    Resync,
    Connected,
    Lagging,
    ErrorId,
    RetryAfter,
}

/// The current message in js/room.js.
pub(crate) struct Fields {
    /// The last of these texts are the fields of [`Text`], in the reverse order. A field that the
    /// message lacks is empty.
    pub(crate) texts: Vec<String>,
}

impl Fields {
    fn text(&self, text: Text) -> Option<String> {
        let text = self.texts.iter().nth_back(text as usize)?;
        (!text.is_empty()).then(|| text.as_str().to_owned())
    }
}

/// A field that is a number from 0. A number that JSON can carry but `u64` can't saturates.
fn whole_number(field: Number) -> Option<u64> {
    let value = number(field as i32);
    (value >= 0.0).then_some(value as u64)
}

impl ServerFields for Fields {
    type Params = Params;

    fn uuid(&self) -> Option<String> {
        self.text(Text::Uuid)
    }

    fn status(&self) -> Option<u64> {
        whole_number(Number::Status)
    }

    fn func_key(&self) -> Option<String> {
        self.text(Text::FuncKey)
    }

    fn func_params(&self) -> Params {
        Params::of_current_message()
    }

    fn state_message(&self) -> bool {
        whole_number(Number::StateMessage) == Some(1)
    }

    fn slot(&self) -> Option<String> {
        self.text(Text::Slot)
    }

    fn clear(&self) -> Option<String> {
        self.text(Text::Clear)
    }

    fn owner(&self) -> Option<String> {
        self.text(Text::Owner)
    }

    fn owner_key(&self) -> Option<String> {
        self.text(Text::OwnerKey)
    }

    fn resync(&self) -> bool {
        whole_number(Number::Resync) == Some(1)
    }

    fn number(&self, field: NumberField) -> Option<u64> {
        whole_number(match field {
            NumberField::Seq => Number::Seq,
            NumberField::Version => Number::Version,
            NumberField::Epoch => Number::Epoch,
            NumberField::Ack => Number::Ack,
            NumberField::Synced => Number::Synced,
            NumberField::Shutdown => Number::Shutdown,
            NumberField::Ping => Number::Ping,
            NumberField::Pong => Number::Pong,
        })
    }

    fn limit(&self, field: LimitField) -> Option<u64> {
        whole_number(match field {
            LimitField::MessageBytes => Number::MessageBytes,
            LimitField::QueueActions => Number::QueueActions,
            LimitField::QueueBytes => Number::QueueBytes,
            LimitField::Heartbeat => Number::Heartbeat,
        })
    }

    fn audience(&self) -> Option<Audience> {
        let (connected, lagging) = (whole_number(Number::Connected)?, whole_number(Number::Lagging)?);
        Some(Audience { connected, lagging })
    }

    fn error(&self) -> Option<Refusal> {
        Some(Refusal {
            code: self.text(Text::ErrorCode)?,
            message: self.text(Text::ErrorMessage).unwrap_or_default(),
            id: whole_number(Number::ErrorId),
            retry_after_ms: whole_number(Number::RetryAfter),
        })
    }
}
