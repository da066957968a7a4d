//! In place of `http`, without that feature: no room can be reached over plain HTTP.

use alloc::rc::Rc;

use wasm_bindgen::prelude::JsValue;

use super::driver::Driver;
use super::socket::Connection;

pub(super) async fn probe(_address: &str) -> u16 {
    0
}

pub(super) fn open(_address: &str, _driver: &Rc<Driver>) -> Result<Rc<dyn Connection>, JsValue> {
    Err("built without the feature `http`".into())
}
