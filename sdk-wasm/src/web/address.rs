//! The server's address: turns the one that the program gives into a websocket's.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use js_sys::Reflect;
use wasm_bindgen::prelude::JsValue;
use web_sys::Url;

use super::error::RoomError;
use crate::decisions::{NO_PAGE, NO_URL, OTHER_SCHEME, UUID_CHARACTERS, WEBSOCKET_SCHEMES};

/// Returns a `ws:` or `wss:` address, from an absolute address or one relative to the page.
pub(super) fn websocket_address(given: &str) -> Result<String, RoomError> {
    let invalid = |what| RoomError::invalid_argument(format!("the address \"{given}\" {what}"));
    if given.is_empty() {
        return Err(invalid("is empty: it must be the server's websocket address"));
    }
    let fault = if base_address().is_some() { NO_URL } else { NO_PAGE };
    let parsed = parse(given).map_err(|_| invalid(fault))?;
    let protocol = parsed.protocol();
    let scheme = WEBSOCKET_SCHEMES.iter().find(|(scheme, _)| *scheme == protocol);
    let (_, websocket) = scheme.ok_or_else(|| invalid(OTHER_SCHEME))?;
    parsed.set_protocol(websocket);
    // A websocket's address has no fragment; older browsers refuse one.
    parsed.set_hash("");
    Ok(parsed.href())
}

/// Whether a text has only characters of a uuid, in any of its forms.
pub(super) fn may_be_uuid(text: &str) -> bool {
    text.chars().all(|other| other.is_ascii_alphanumeric() || UUID_CHARACTERS.contains(other))
}

/// Returns the absolute form of an address that may be relative to the page. An address that is
/// invalid is returned as it is.
pub(super) fn absolute_address(given: &str) -> String {
    parse(given).map_or_else(|_| given.to_owned(), |url| url.href())
}

/// Returns the address of the rooms over plain HTTP, for the address of a websocket.
pub(super) fn http_address(websocket: &str) -> Result<String, JsValue> {
    // "ws:" becomes "http:", and "wss:" becomes "https:".
    let url = Url::new(&format!("http{}", websocket.strip_prefix("ws").unwrap_or(websocket)))?;
    let path = url.pathname();
    Ok(url.origin() + path.strip_suffix('/').unwrap_or(&path))
}

fn parse(given: &str) -> Result<Url, JsValue> {
    match base_address() {
        Some(base) => Url::new_with_base(given, &base),
        None => Url::new(given),
    }
}

/// What addresses are relative to: the document's base, which `<base>` sets and a frame without an
/// address inherits; in a worker its script, also if that was made of a blob. None outside of pages
/// and workers.
fn base_address() -> Option<String> {
    let get = |object: &str, name: &str| {
        let object = Reflect::get(&js_sys::global(), &JsValue::from(object)).ok()?;
        Reflect::get(&object, &JsValue::from(name)).ok()?.as_string()
    };
    let of_script = |href: String| href.strip_prefix("blob:").map(ToOwned::to_owned).unwrap_or(href);
    get("document", "baseURI").or_else(|| get("location", "href").map(of_script))
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::super::error::Code;
    use super::*;

    fn address(url: &str) -> String {
        websocket_address(url).unwrap()
    }

    #[wasm_bindgen_test]
    fn web_addresses_become_websocket_addresses() {
        assert_eq!(address("ws://host:81/rooms"), "ws://host:81/rooms");
        assert_eq!(address("wss://host/rooms?a=b#c"), "wss://host/rooms?a=b");
        assert_eq!(address("http://host/rooms"), "ws://host/rooms");
        assert_eq!(address("https://host/rooms"), "wss://host/rooms");
    }

    #[wasm_bindgen_test]
    fn a_relative_address_is_relative_to_the_page() {
        let host = Url::new(&base_address().unwrap()).unwrap().host();
        assert_eq!(address("/broadcasting"), format!("ws://{host}/broadcasting"));
        assert_eq!(address("//other/rooms"), "ws://other/rooms");
    }

    #[wasm_bindgen_test]
    fn the_rooms_are_at_the_same_place_over_http() {
        for (websocket, http) in [
            ("ws://host:81/rooms", "http://host:81/rooms"),
            ("wss://ws.host/a/ws/?b=c", "https://ws.host/a/ws"),
            ("ws://host/", "http://host"),
        ] {
            assert_eq!(http_address(websocket).unwrap(), http);
        }
    }

    #[wasm_bindgen_test]
    fn anything_else_is_an_invalid_argument() {
        for url in ["", "http://", "ftp://host/", "mailto:me", "ws://host:port/"] {
            assert_eq!(websocket_address(url).unwrap_err().code(), &Code::InvalidArgument, "{url}");
        }
    }
}
