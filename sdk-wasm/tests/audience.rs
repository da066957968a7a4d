//! What pages learn about the room itself: how many follow, that something was missed for good,
//! that the room has ended.

#![allow(clippy::unwrap_used, reason = "clippy takes only functions marked #[test] for tests")]

mod support;

use serde::Deserialize;
use support::{create, create_with, follower, functions, join, json, object, recorder, server};
use wasm_bindgen::prelude::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// `Audience` of index.d.ts.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Audience {
    connected: u32,
    lagging: u32,
}

const ONE: Audience = Audience { connected: 1, lagging: 0 };

fn count(room: &support::Room) -> Audience {
    serde_wasm_bindgen::from_value(room.audience()).unwrap()
}

#[wasm_bindgen_test]
async fn an_owner_learns_how_many_follow() {
    let Some(url) = server() else { return };
    let counts = recorder();
    let owner = create_with(url, &object(&[("onaudience", &counts)])).await.unwrap();
    assert!(owner.audience().is_undefined());
    let stays = follower(url, &owner.uuid(), "goTo", &recorder()).await;
    assert_eq!(counts.next().await, r#"[{"connected":1,"lagging":0}]"#);
    assert_eq!(count(&owner), ONE);
    let leaves = join(url, &owner.uuid(), &JsValue::UNDEFINED).await;
    assert_eq!(counts.next().await, r#"[{"connected":2,"lagging":0}]"#);
    leaves.closed().await;
    assert_eq!(counts.next().await, r#"[{"connected":1,"lagging":0}]"#);
    assert!(stays.audience().is_undefined(), "the owner doesn't share it");

    let claim = object(&[("uuid", &owner.uuid().into()), ("ownerKey", &owner.owner_key().into())]);
    let again = create_with(url, &object(&[("claim", &claim), ("onaudience", &counts)])).await.unwrap();
    assert_eq!(counts.next().await, r#"[{"connected":1,"lagging":0}]"#);
    assert_eq!(count(&again), ONE);
    again.closed().await;
}

#[wasm_bindgen_test]
async fn followers_learn_how_many_they_are_if_the_owner_shares_it() {
    let Some(url) = server() else { return };
    let owner = create_with(url, &json(r#"{"shareAudience":true}"#)).await.unwrap();
    let counts = recorder();
    let room = join(url, &owner.uuid(), &object(&[("onaudience", &counts)])).await;
    assert_eq!(counts.next().await, r#"[{"connected":1,"lagging":0}]"#);
    assert_eq!(count(&room), ONE);
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn a_follower_learns_that_what_it_missed_is_gone() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let sockets = support::watch_sockets();
    let (events, calls) = (recorder(), recorder());
    let room = follower(url, &owner.uuid(), "goTo", &calls).await;
    room.set("onresync", &events);
    room.set("onstatus", &events);
    room.set("onclear", &events);
    room.on("goTo", &events);
    sockets.say(concat!(
        r#"{"funcKey":"goTo","funcParams":[1],"stateMessage":true,"slot":"x","seq":1}"#,
        "\n",
        r#"{"resync":true,"seq":7}"#,
        "\n",
        r#"{"funcKey":"goTo","funcParams":[2],"stateMessage":true,"slot":"y","seq":6}"#,
        "\n",
        r#"{"synced":7}"#,
    ));
    // `onresync` is called without an argument.
    for expected in ["[1]", r#"["catching-up"]"#, "[]", "[2]", r#"["x"]"#, r#"["connected"]"#] {
        assert_eq!(events.next().await, expected);
    }
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn the_package_is_called_at_the_end_before_the_page_is() {
    let Some(url) = server() else { return };
    let calls = recorder();
    let options = functions(&[]);
    js_sys::Reflect::set(&options, &"onclose".into(), &calls).unwrap();
    let promise = rtbroadcaster_sdk::create(&url.into(), &options, &calls);
    let room = JsFuture::from(js_sys::Promise::from(promise)).await.unwrap();
    let room: support::Room = room.unchecked_into();
    room.closed().await;
    assert_eq!(calls.next().await, r#"["left"]"#);
    assert!(calls.next().await.starts_with(r#"[{"code":"left""#));
    assert_eq!(calls.unread(), 0);
}
