//! The callbacks of a room.

use js_sys::Function;
use wasm_bindgen::prelude::{JsCast, JsValue};

use crate::error::RoomError;

/// One of the callbacks.
#[derive(Clone, Copy)]
pub(crate) enum Callback {
    Status,
    Close,
    Error,
    Clear,
    Owner,
    Resync,
    Audience,
}

impl Callback {
    pub(crate) const ALL: [Self; 7] =
        [Self::Status, Self::Close, Self::Error, Self::Clear, Self::Owner, Self::Resync, Self::Audience];

    /// The name of its property and option.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Status => "onstatus",
            Self::Close => "onclose",
            Self::Error => "onerror",
            Self::Clear => "onclear",
            Self::Owner => "onowner",
            Self::Resync => "onresync",
            Self::Audience => "onaudience",
        }
    }
}

/// What the page has set.
#[derive(Default)]
pub(crate) struct Callbacks([Option<Function>; Callback::ALL.len()]);

impl Callbacks {
    pub(crate) fn get(&self, callback: Callback) -> Option<&Function> {
        self.0[callback as usize].as_ref()
    }

    pub(crate) fn set(&mut self, callback: Callback, function: Option<Function>) {
        self.0[callback as usize] = function;
    }
}

/// A callback as the page gives it: a function, or nothing.
pub(crate) fn function_or_nothing(callback: Callback, value: JsValue) -> Result<Option<Function>, RoomError> {
    if value.is_null() || value.is_undefined() {
        return Ok(None);
    }
    value.dyn_into().map(Some).map_err(|_| {
        RoomError::invalid_argument(&format!("`{}` must be a function or null", callback.name()))
    })
}
