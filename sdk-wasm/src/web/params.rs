//! The params of an action, as they are received and as they are sent.

use alloc::format;
use alloc::string::String;
use core::ops::Deref;

use js_sys::{Array, JSON};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::JsValue;

use super::error::{Code, RoomError};

/// The params of an action: a JavaScript array, made by the browser's JSON parser. All methods of
/// the array can be called on it.
#[derive(Debug, Clone)]
pub struct Params(Array);

impl Params {
    pub(super) fn new(params: Array) -> Self {
        Self(params)
    }

    /// Reads the params as a tuple, or as another type that can be read from a list:
    /// `params.parse::<(u32, f64)>()`.
    ///
    /// # Errors
    /// [`Code::InvalidParams`] if the params don't fit the type, for instance if there are too few.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, RoomError> {
        serde_wasm_bindgen::from_value(self.0.clone().into()).map_err(|error| {
            let message = format!("the params are not those that the function takes: {error}");
            RoomError::new(Code::InvalidParams, message)
        })
    }

    /// The JavaScript array.
    #[must_use]
    pub fn into_array(self) -> Array {
        self.0
    }
}

impl Deref for Params {
    type Target = Array;

    fn deref(&self) -> &Array {
        &self.0
    }
}

/// The params of an action as JSON text.
pub(super) fn json_of(params: &(impl Serialize + ?Sized)) -> Result<String, RoomError> {
    let unfit =
        |error| RoomError::invalid_argument(format!("the params must be what JSON can carry: {error}"));
    let value =
        params.serialize(&Serializer::json_compatible()).map_err(|error| unfit(format!("{error}")))?;
    // `()`
    if value.is_null() {
        return Ok(String::from("[]"));
    }
    let text = stringify(&value).map_err(|thrown| unfit(format!("{thrown:?}")))?;
    if text.starts_with('[') {
        Ok(text)
    } else {
        Err(RoomError::invalid_argument(String::from("the params must be a tuple, an array or a list")))
    }
}

fn stringify(value: &JsValue) -> Result<String, JsValue> {
    JSON::stringify(value).map(String::from)
}
