//! Tests without a server: invalid arguments, and a server that isn't there.

#![allow(clippy::unwrap_used, reason = "clippy takes only functions marked #[test] for tests")]

mod support;

use js_sys::Promise;
use support::{code, create_with, function, functions, join_with, json, object, text};
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// No server listens at this address.
const NOWHERE: &str = "ws://127.0.0.1:1/broadcasting";

async fn refused(options: &JsValue) -> JsValue {
    create_with(NOWHERE, options).await.err().unwrap()
}

#[wasm_bindgen_test]
async fn an_invalid_url_is_an_invalid_argument() {
    for url in ["", "http://", "ftp://host/", "mailto:me", "ws://host:port/"] {
        let error = create_with(url, &JsValue::UNDEFINED).await.err().unwrap();
        assert_eq!(code(&error), "invalid_argument", "{url}");
    }
    for url in [JsValue::UNDEFINED, JsValue::NULL, JsValue::from(7), js_sys::Object::new().into()] {
        let promise =
            Promise::from(rtbroadcaster_sdk::create(&url, &JsValue::UNDEFINED, &JsValue::UNDEFINED));
        assert_eq!(code(&JsFuture::from(promise).await.unwrap_err()), "invalid_argument");
    }
}

/// Returns the address of the websocket that is opened for this URL.
async fn address(url: JsValue) -> String {
    let sockets = support::refuse_sockets();
    let promise = Promise::from(rtbroadcaster_sdk::create(&url, &JsValue::UNDEFINED, &JsValue::UNDEFINED));
    let address = sockets.asked_for();
    let error = JsFuture::from(promise).await.unwrap_err();
    assert_eq!((code(&error), text(&error, "cause")), ("connection_failed".to_owned(), "refused".to_owned()));
    address
}

#[wasm_bindgen_test]
async fn web_addresses_become_websocket_addresses() {
    for (url, expected) in [
        ("ws://host:81/rooms", "ws://host:81/rooms"),
        ("wss://host/rooms?a=b#c", "wss://host/rooms?a=b"),
        ("http://host/rooms", "ws://host/rooms"),
        ("https://host/rooms", "wss://host/rooms"),
    ] {
        assert_eq!(address(url.into()).await, expected);
    }
    let url = web_sys::Url::new("https://host:8443/rooms").unwrap();
    assert_eq!(address(url.into()).await, "wss://host:8443/rooms");
}

#[wasm_bindgen_test]
async fn a_relative_address_is_relative_to_the_page() {
    let location = js_sys::Reflect::get(&js_sys::global(), &"location".into()).unwrap();
    let expected = format!("ws://{}/broadcasting", text(&location, "host"));
    assert_eq!(address("/broadcasting".into()).await, expected);
    assert_eq!(address("//other/rooms".into()).await, "ws://other/rooms");
}

#[wasm_bindgen_test]
async fn a_uuid_that_is_no_text_is_an_invalid_argument() {
    for uuid in [JsValue::UNDEFINED, JsValue::NULL, JsValue::from(7), JsValue::from("")] {
        let promise = Promise::from(rtbroadcaster_sdk::join(&NOWHERE.into(), &uuid, &JsValue::UNDEFINED));
        assert_eq!(code(&JsFuture::from(promise).await.unwrap_err()), "invalid_argument");
    }
}

#[wasm_bindgen_test]
async fn a_uuid_with_spaces_or_a_whole_link_is_an_invalid_argument() {
    for uuid in [" some-room", "https://host/#67e55044-10b1-426f-9247-bb680e5fe0c8"] {
        let error = join_with(NOWHERE, uuid, &JsValue::UNDEFINED).await.err().unwrap();
        assert_eq!(code(&error), "invalid_argument", "{uuid}");
    }
}

#[wasm_bindgen_test]
async fn options_of_wrong_types_are_invalid_arguments() {
    let options = [
        json("7"),
        json(r#"{"timeout":0}"#),
        json(r#"{"timeout":"5"}"#),
        json(r#"{"functions":{"goTo":3}}"#),
        json(r#"{"functions":"goTo"}"#),
        json(r#"{"onstatus":"now"}"#),
        json(r#"{"claim":{"uuid":"x"}}"#),
        json(r#"{"shareAudience":"yes"}"#),
        json(r#"{"code":"K7M4QX"}"#),
        json(r#"{"shareRoster":1}"#),
        functions(&[("", &function(""))]),
    ];
    for options in options {
        let error = refused(&options).await;
        assert_eq!(code(&error), "invalid_argument", "{options:?}");
    }
}

#[wasm_bindgen_test]
async fn an_option_that_throws_is_the_cause_of_an_invalid_argument() {
    let options = function("return { get timeout() { throw 'ouch' } }").call0(&JsValue::NULL).unwrap();
    let error = refused(&options).await;
    assert_eq!(code(&error), "invalid_argument");
    assert_eq!(text(&error, "cause"), "ouch");
}

#[wasm_bindgen_test]
async fn a_server_that_is_not_there_is_given_up_after_the_timeout() {
    let options =
        object(&[("timeout", &20.into()), ("functions", &JsValue::NULL), ("onclose", &JsValue::NULL)]);
    let error = join_with(NOWHERE, "some-room", &options).await.err().unwrap();
    assert_eq!(code(&error), "connection_failed");
}
