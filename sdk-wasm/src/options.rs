//! What the page passes to `create`, `join` and `broadcast`, checked.

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::prelude::{JsCast, JsValue, wasm_bindgen};

use crate::callbacks::{Callback, Callbacks, function_or_nothing};
use crate::error::RoomError;
use crate::registry::Registry;

/// See index.d.ts.
const DEFAULT_TIMEOUT_MS: u64 = 15_000;

/// What `create` and `join` have in common.
pub(crate) struct RoomOptions {
    pub(crate) registry: Registry,
    pub(crate) callbacks: Callbacks,
    pub(crate) timeout_ms: u64,
    /// The class to make websockets of, instead of the global one.
    pub(crate) web_socket: Option<Function>,
}

impl RoomOptions {
    pub(crate) fn read(options: &JsValue) -> Result<Self, RoomError> {
        let mut read = Self {
            registry: Registry::default(),
            callbacks: Callbacks::default(),
            timeout_ms: DEFAULT_TIMEOUT_MS,
            web_socket: None,
        };
        if !is_given(options, "options")? {
            return Ok(read);
        }
        for callback in Callback::ALL {
            let function = function_or_nothing(callback, field(options, callback.name())?)?;
            read.callbacks.set(callback, function);
        }
        let functions = field(options, "functions")?;
        if is_given(&functions, "functions")? {
            for entry in Object::entries(functions.unchecked_ref()).iter() {
                let entry: Array = entry.unchecked_into();
                read.registry.register(key(&entry.get(0))?, function(entry.get(1))?);
            }
        }
        let timeout = field(options, "timeout")?;
        if !timeout.is_undefined() {
            read.timeout_ms = milliseconds(&timeout)?;
        }
        let web_socket = field(options, "WebSocket")?;
        if !web_socket.is_undefined() {
            let class = web_socket.dyn_into();
            read.web_socket =
                Some(class.map_err(|_| RoomError::invalid_argument("`WebSocket` must be a class"))?);
        }
        Ok(read)
    }
}

/// The option `claim`: the room and its owner key.
pub(crate) fn claim(options: &JsValue) -> Result<Option<(String, String)>, RoomError> {
    if !is_given(options, "options")? {
        return Ok(None);
    }
    let claim = field(options, "claim")?;
    if !is_given(&claim, "claim")? {
        return Ok(None);
    }
    let uuid = non_empty(&field(&claim, "uuid")?, "claim.uuid")?;
    let owner_key = non_empty(&field(&claim, "ownerKey")?, "claim.ownerKey")?;
    Ok(Some((uuid, owner_key)))
}

/// The option `shareAudience`.
pub(crate) fn shares_audience(options: &JsValue) -> Result<bool, RoomError> {
    if !is_given(options, "options")? {
        return Ok(false);
    }
    let shares = field(options, "shareAudience")?;
    match shares.as_bool() {
        Some(shares) => Ok(shares),
        None if shares.is_undefined() => Ok(false),
        None => Err(RoomError::invalid_argument("`shareAudience` must be true or false")),
    }
}

#[wasm_bindgen]
extern "C" {
    type BroadcastOptions;

    #[wasm_bindgen(method, getter)]
    fn state(this: &BroadcastOptions) -> JsValue;

    #[wasm_bindgen(method, getter)]
    fn slot(this: &BroadcastOptions) -> JsValue;
}

/// Where an action is to be retained, by `broadcast`'s options.
pub(crate) fn slot(options: &JsValue, function_key: &str) -> Result<Option<String>, RoomError> {
    if !is_given(options, "options")? {
        return Ok(None);
    }
    let options: &BroadcastOptions = options.unchecked_ref();
    let (state, slot) = (options.state(), options.slot());
    let slot = if slot.is_undefined() { None } else { Some(non_empty(&slot, "slot")?) };
    let is_state = match state.as_bool() {
        Some(state) => state,
        None if state.is_undefined() => slot.is_some(),
        None => return Err(RoomError::invalid_argument("`state` must be true or false").about(function_key)),
    };
    Ok(is_state.then(|| slot.unwrap_or_else(|| function_key.to_owned())))
}

/// The params of an action as JSON text.
pub(crate) fn params(params: &JsValue, function_key: &str) -> Result<String, RoomError> {
    if params.is_undefined() {
        return Ok("[]".to_owned());
    }
    let invalid = |message| RoomError::invalid_argument(message).about(function_key);
    if !Array::is_array(params) {
        return Err(invalid("`params` must be an array"));
    }
    let text = js_sys::JSON::stringify(params)
        .map_err(|cause| invalid("`params` must be what JSON can carry, see `cause`").because_of(&cause))?;
    let text = String::from(text);
    // A page may have given arrays a `toJSON` of its own.
    if text.starts_with('[') { Ok(text) } else { Err(invalid("`params` must be an array, as JSON too")) }
}

/// A function key.
pub(crate) fn key(value: &JsValue) -> Result<String, RoomError> {
    non_empty(value, "functionKey")
}

/// A function to register.
pub(crate) fn function(value: JsValue) -> Result<Function, RoomError> {
    value.dyn_into().map_err(|_| RoomError::invalid_argument("what is registered must be a function"))
}

/// A string that says something.
pub(crate) fn non_empty(value: &JsValue, name: &str) -> Result<String, RoomError> {
    value
        .as_string()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| RoomError::invalid_argument(&format!("`{name}` must be a string that isn't empty")))
}

/// A field of an object, by name.
pub(crate) fn field(object: &JsValue, name: &str) -> Result<JsValue, RoomError> {
    Reflect::get(object, &name.into())
        .map_err(|cause| RoomError::invalid_argument(&format!("`{name}` cannot be read")).because_of(&cause))
}

/// Whether an object that may be left out is there.
fn is_given(value: &JsValue, name: &str) -> Result<bool, RoomError> {
    if value.is_undefined() || value.is_null() {
        Ok(false)
    } else if value.is_object() {
        Ok(true)
    } else {
        Err(RoomError::invalid_argument(&format!("`{name}` must be an object")))
    }
}

fn milliseconds(value: &JsValue) -> Result<u64, RoomError> {
    // Infinity is a number too: it saturates, and is as good as never.
    match value.as_f64() {
        Some(number) if number > 0.0 => Ok(number.ceil() as u64),
        _ => Err(RoomError::invalid_argument("`timeout` must be a number of milliseconds above 0")),
    }
}
