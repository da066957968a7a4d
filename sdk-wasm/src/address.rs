//! Where the server is: what the page says, as the address of a websocket.

use wasm_bindgen::prelude::JsValue;
use web_sys::Url;

use crate::error::RoomError;
use crate::options::field;

/// A `ws:` or `wss:` address from a string or a `URL`: absolute, or relative to the page.
pub(crate) fn websocket_address(url: &JsValue) -> Result<String, RoomError> {
    let given = if url.is_object() { field(url, "href")?.as_string() } else { url.as_string() };
    let Some(given) = given.filter(|given| !given.is_empty()) else {
        return Err(RoomError::invalid_argument(
            "`url` must be a string or a URL: the server's websocket address",
        ));
    };
    let invalid = |what| RoomError::invalid_argument(&format!("`url` \"{given}\" {what}"));
    let parsed = match page_address()? {
        Some(base) => Url::new_with_base(&given, &base),
        None => Url::new(&given),
    };
    let parsed = parsed.map_err(|cause| invalid("is no valid URL").because_of(&cause))?;
    match parsed.protocol().as_str() {
        "ws:" | "wss:" => {}
        "http:" => parsed.set_protocol("ws:"),
        "https:" => parsed.set_protocol("wss:"),
        _ => {
            return Err(invalid("must begin with ws:, wss:, http: or https:, or be relative to such a page"));
        }
    }
    // A websocket address has no fragment; older browsers refuse one.
    parsed.set_hash("");
    Ok(parsed.href())
}

/// The page's own address; outside of pages and workers there is none.
fn page_address() -> Result<Option<String>, RoomError> {
    let location = field(&js_sys::global(), "location")?;
    if location.is_object() { Ok(field(&location, "href")?.as_string()) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn address(url: &str) -> String {
        websocket_address(&url.into()).unwrap()
    }

    #[wasm_bindgen_test]
    fn web_addresses_become_websocket_addresses() {
        assert_eq!(address("ws://host:81/rooms"), "ws://host:81/rooms");
        assert_eq!(address("wss://host/rooms?a=b#c"), "wss://host/rooms?a=b");
        assert_eq!(address("http://host/rooms"), "ws://host/rooms");
        assert_eq!(address("https://host/rooms"), "wss://host/rooms");
        let url = Url::new("https://host:8443/rooms").unwrap();
        assert_eq!(websocket_address(&url).unwrap(), "wss://host:8443/rooms");
    }

    #[wasm_bindgen_test]
    fn a_relative_address_is_relative_to_the_page() {
        let page = page_address().unwrap().unwrap();
        let host = Url::new(&page).unwrap().host();
        assert_eq!(address("/broadcasting"), format!("ws://{host}/broadcasting"));
        assert_eq!(address("//other/rooms"), "ws://other/rooms");
    }

    #[wasm_bindgen_test]
    fn anything_else_is_an_invalid_argument() {
        for url in ["", "http://", "ftp://host/", "mailto:me", "ws://host:port/"] {
            let error = websocket_address(&url.into()).unwrap_err();
            assert_eq!(field(&error, "code").unwrap(), "invalid_argument", "{url}");
        }
        for url in [JsValue::UNDEFINED, JsValue::NULL, JsValue::from(7), js_sys::Object::new().into()] {
            assert!(websocket_address(&url).is_err());
        }
    }
}
