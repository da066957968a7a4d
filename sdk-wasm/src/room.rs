//! The class `Room`: what a page holds of a room. All of it is described in index.d.ts.

use std::rc::Rc;

use js_sys::{Function, Promise};
use rtbroadcaster_protocol::SessionStatus;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::callbacks::{Callback, function_or_nothing};
use crate::delivery::{audience_value, status_name};
use crate::driver::Driver;
use crate::error::RoomError;
use crate::options;

/// A page's side of one room, across reconnects.
#[wasm_bindgen]
pub struct Room {
    driver: Rc<Driver>,
}

impl Room {
    pub(crate) fn new(driver: Rc<Driver>) -> Self {
        Self { driver }
    }

    fn try_broadcast(
        &self,
        function_key: &JsValue,
        params: &JsValue,
        options: &JsValue,
    ) -> Result<Promise, RoomError> {
        let key = options::key(function_key)?;
        let params = options::params(params, &key)?;
        let slot = options::slot(options, &key)?;
        Ok(self.driver.broadcast(key, &params, slot))
    }

    fn set_callback(&self, callback: Callback, value: JsValue) -> Result<(), JsValue> {
        self.driver.set_callback(callback, function_or_nothing(callback, value)?);
        Ok(())
    }
}

#[wasm_bindgen]
impl Room {
    /// The room's id.
    #[wasm_bindgen(getter)]
    pub fn uuid(&self) -> String {
        self.driver.uuid()
    }

    /// Whether this page owns the room.
    #[wasm_bindgen(getter, js_name = isOwner)]
    pub fn is_owner(&self) -> bool {
        self.driver.is_owner()
    }

    /// Whether messages flow.
    #[wasm_bindgen(getter)]
    pub fn connected(&self) -> bool {
        matches!(self.driver.status(), SessionStatus::Connected | SessionStatus::CatchingUp)
    }

    /// Where the page stands.
    #[wasm_bindgen(getter)]
    pub fn status(&self) -> String {
        status_name(self.driver.status()).to_owned()
    }

    /// The proof of ownership; none for a follower.
    #[wasm_bindgen(getter, js_name = ownerKey)]
    pub fn owner_key(&self) -> Option<String> {
        self.driver.owner_key()
    }

    /// Whether the room was taken back.
    #[wasm_bindgen(getter)]
    pub fn resumed(&self) -> bool {
        self.driver.is_resumed()
    }

    /// How many follow; none before the first count.
    #[wasm_bindgen(getter)]
    pub fn audience(&self) -> JsValue {
        self.driver.audience().map_or(JsValue::UNDEFINED, audience_value)
    }

    /// Runs a function on every follower.
    pub fn broadcast(&self, function_key: &JsValue, params: &JsValue, options: &JsValue) -> Promise {
        self.try_broadcast(function_key, params, options).unwrap_or_else(|error| Promise::reject(&error))
    }

    /// Removes the state message of a slot.
    pub fn clear(&self, slot: &JsValue) -> Promise {
        match options::non_empty(slot, "slot") {
            Ok(slot) => self.driver.clear(slot),
            Err(error) => Promise::reject(&error),
        }
    }

    /// Waits until the queue has room.
    pub fn ready(&self) -> Promise {
        self.driver.ready()
    }

    /// Registers a function. index.js makes it return the room.
    ///
    /// # Errors
    /// A `RoomError`.
    pub fn on(&self, function_key: &JsValue, function: JsValue) -> Result<(), JsValue> {
        self.driver.register(options::key(function_key)?, options::function(function)?);
        Ok(())
    }

    /// Removes a function. index.js makes it return the room.
    ///
    /// # Errors
    /// A `RoomError`.
    pub fn off(&self, function_key: &JsValue) -> Result<(), JsValue> {
        self.driver.unregister(&options::key(function_key)?);
        Ok(())
    }

    /// Closes or leaves the room.
    pub fn close(&self) -> Promise {
        self.driver.close()
    }

    /// The page's standing changed.
    #[wasm_bindgen(getter)]
    pub fn onstatus(&self) -> Option<Function> {
        self.driver.callback(Callback::Status)
    }

    /// Sets the callback, or none.
    ///
    /// # Errors
    /// A `RoomError` if it is no function.
    #[wasm_bindgen(setter)]
    pub fn set_onstatus(&self, callback: JsValue) -> Result<(), JsValue> {
        self.set_callback(Callback::Status, callback)
    }

    /// The room ended.
    #[wasm_bindgen(getter)]
    pub fn onclose(&self) -> Option<Function> {
        self.driver.callback(Callback::Close)
    }

    /// Sets the callback, or none.
    ///
    /// # Errors
    /// A `RoomError` if it is no function.
    #[wasm_bindgen(setter)]
    pub fn set_onclose(&self, callback: JsValue) -> Result<(), JsValue> {
        self.set_callback(Callback::Close, callback)
    }

    /// Something failed.
    #[wasm_bindgen(getter)]
    pub fn onerror(&self) -> Option<Function> {
        self.driver.callback(Callback::Error)
    }

    /// Sets the callback, or none.
    ///
    /// # Errors
    /// A `RoomError` if it is no function.
    #[wasm_bindgen(setter)]
    pub fn set_onerror(&self, callback: JsValue) -> Result<(), JsValue> {
        self.set_callback(Callback::Error, callback)
    }

    /// A slot was cleared.
    #[wasm_bindgen(getter)]
    pub fn onclear(&self) -> Option<Function> {
        self.driver.callback(Callback::Clear)
    }

    /// Sets the callback, or none.
    ///
    /// # Errors
    /// A `RoomError` if it is no function.
    #[wasm_bindgen(setter)]
    pub fn set_onclear(&self, callback: JsValue) -> Result<(), JsValue> {
        self.set_callback(Callback::Clear, callback)
    }

    /// The owner went away or came back.
    #[wasm_bindgen(getter)]
    pub fn onowner(&self) -> Option<Function> {
        self.driver.callback(Callback::Owner)
    }

    /// Sets the callback, or none.
    ///
    /// # Errors
    /// A `RoomError` if it is no function.
    #[wasm_bindgen(setter)]
    pub fn set_onowner(&self, callback: JsValue) -> Result<(), JsValue> {
        self.set_callback(Callback::Owner, callback)
    }
    /// What comes next is the retained state.
    #[wasm_bindgen(getter)]
    pub fn onresync(&self) -> Option<Function> {
        self.driver.callback(Callback::Resync)
    }

    /// Sets the callback, or none.
    ///
    /// # Errors
    /// A `RoomError` if it is no function.
    #[wasm_bindgen(setter)]
    pub fn set_onresync(&self, callback: JsValue) -> Result<(), JsValue> {
        self.set_callback(Callback::Resync, callback)
    }

    /// The number of followers.
    #[wasm_bindgen(getter)]
    pub fn onaudience(&self) -> Option<Function> {
        self.driver.callback(Callback::Audience)
    }

    /// Sets the callback, or none.
    ///
    /// # Errors
    /// A `RoomError` if it is no function.
    #[wasm_bindgen(setter)]
    pub fn set_onaudience(&self, callback: JsValue) -> Result<(), JsValue> {
        self.set_callback(Callback::Audience, callback)
    }
}
