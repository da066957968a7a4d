//! When the functions and callbacks of a page are called, against a real server.

#![allow(clippy::unwrap_used, reason = "clippy takes only functions marked #[test] for tests")]

mod support;

use support::{code, create, create_with, follower, function, functions, join, object, recorder, server};
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn nothing_is_dispatched_before_the_task_after_join_has_resolved() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let witness = recorder();
    let _room = follower(url, &owner.uuid(), "goTo", &witness).await;
    owner.broadcast("goTo", "[7]", r#"{"state":true}"#);
    witness.next().await;

    let (given, status, registered) = (recorder(), recorder(), recorder());
    let options = object(&[("functions", &object(&[("other", &given)])), ("onstatus", &status)]);
    let room = join(url, &owner.uuid(), &options).await;
    for _ in 0..20 {
        JsFuture::from(js_sys::Promise::resolve(&JsValue::NULL)).await.unwrap();
    }
    assert_eq!(room.status(), "catching-up");
    room.on("goTo", &registered);
    assert_eq!(given.unread() + status.unread() + registered.unread(), 0);
    assert_eq!(registered.next().await, "[7]");
    assert_eq!(status.next().await, r#"["catching-up"]"#);
    assert_eq!(status.next().await, r#"["connected"]"#);
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn functions_come_and_go() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let (first, second, witness) = (recorder(), recorder(), recorder());
    let room = follower(url, &owner.uuid(), "goTo", &first).await;
    room.on("done", &witness);
    owner.broadcast("goTo", "[1]", "");
    assert_eq!(first.next().await, "[1]");
    room.on("goTo", &second);
    owner.broadcast("goTo", "[2]", "");
    assert_eq!(second.next().await, "[2]");
    room.set("onerror", &recorder());
    room.off("goTo").unwrap();
    room.off("never there").unwrap();
    owner.broadcast("goTo", "[3]", "");
    owner.broadcast("done", "", "");
    witness.next().await;
    assert_eq!(first.unread() + second.unread(), 0);

    let error = room.try_on(&"goTo".into(), &JsValue::from("no function")).unwrap_err();
    assert_eq!(code(&error), "invalid_argument");
    let error = room.try_on(&JsValue::from(3), &function("")).unwrap_err();
    assert_eq!(code(&error), "invalid_argument");
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn a_state_message_waits_for_its_function_and_is_delivered_after_on() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let witness = recorder();
    let room = follower(url, &owner.uuid(), "done", &witness).await;
    owner.broadcast("draw", "[1]", r#"{"slot":"a"}"#);
    owner.broadcast("draw", "[2]", r#"{"slot":"b"}"#);
    owner.broadcast("draw", "[3]", r#"{"slot":"c"}"#);
    owner.broadcast("draw", "[4]", r#"{"slot":"a"}"#);
    owner.clear("b");
    owner.broadcast("done", "", "");
    witness.next().await;

    let calls = recorder();
    room.on("draw", &calls);
    assert_eq!(calls.unread(), 0, "never inside the call of `on`");
    owner.broadcast("draw", "[5]", "");
    for expected in ["[3]", "[4]", "[5]"] {
        assert_eq!(calls.next().await, expected);
    }
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn an_action_without_a_function_is_reported_once_per_key() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let (witness, errors) = (recorder(), recorder());
    let room = follower(url, &owner.uuid(), "done", &witness).await;
    room.set("onerror", &errors);
    for key in ["nobody", "knows", "nobody", "knows", "done"] {
        owner.broadcast(key, "", "");
    }
    witness.next().await;
    assert_eq!(errors.next().await, r#"[{"name":"RoomError","code":"no_function","key":"nobody"}]"#);
    assert_eq!(errors.next().await, r#"[{"name":"RoomError","code":"no_function","key":"knows"}]"#);
    assert_eq!(errors.unread(), 0);
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn a_function_that_throws_is_reported_and_stops_nothing() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let (witness, errors) = (recorder(), recorder());
    let room = follower(url, &owner.uuid(), "done", &witness).await;
    room.try_on(&"fail".into(), &function("throw 'ouch'")).unwrap();
    owner.broadcast("fail", "", "");
    owner.broadcast("done", "[1]", "");
    assert_eq!(witness.next().await, "[1]", "without onerror it is a warning");
    room.set("onerror", &errors);
    owner.broadcast("fail", "", "");
    owner.broadcast("done", "[2]", "");
    let expected = r#"[{"name":"RoomError","code":"function_failed","key":"fail","cause":"ouch"}]"#;
    assert_eq!(errors.next().await, expected);
    assert_eq!(witness.next().await, "[2]");
    room.set("onerror", &function("throw 'even onerror'"));
    owner.broadcast("fail", "", "");
    owner.broadcast("done", "[3]", "");
    assert_eq!(witness.next().await, "[3]");
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn a_function_or_callback_whose_promise_fails_is_reported_as_one_that_throws() {
    let Some(url) = server() else { return };
    let unhandled = support::unhandled_rejections();
    let owner = create(url).await;
    let (witness, errors) = (recorder(), recorder());
    let room = follower(url, &owner.uuid(), "done", &witness).await;
    room.set("onerror", &errors);
    room.try_on(&"fail".into(), &function("return Promise.reject('ouch')")).unwrap();
    room.try_on(&"odd".into(), &function("return { then: 1 }")).unwrap();
    // The second time goes by the fast path.
    for number in ["[1]", "[2]"] {
        owner.broadcast("fail", "", "");
        owner.broadcast("odd", "", "");
        owner.broadcast("done", number, "");
        let expected = r#"[{"name":"RoomError","code":"function_failed","key":"fail","cause":"ouch"}]"#;
        assert_eq!(errors.next().await, expected);
        assert_eq!(witness.next().await, number);
    }
    room.set("onclear", &function("return Promise.reject('even onclear')"));
    room.set("onerror", &function("return Promise.reject('even onerror')"));
    owner.clear("done");
    owner.broadcast("fail", "", "");
    owner.broadcast("done", "[3]", "");
    assert_eq!(witness.next().await, "[3]");
    support::next_task().await;
    assert_eq!(unhandled.unread(), 0);
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn a_function_may_call_back_into_its_room() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let (nested, closed) = (recorder(), recorder());
    let room = join(url, &owner.uuid(), &JsValue::UNDEFINED).await;
    room.set("onclose", &closed);
    let body = "return (room, nested) => (key) => {
        if (room.status === 'closed' || !room.connected) throw new Error('not connected');
        room.on(key, nested);
        room.off('start');
        room.onerror = room.onclose;
        room.onerror = null;
    }";
    let maker = js_sys::Function::from(function(body).call0(&JsValue::NULL).unwrap());
    room.try_on(&"start".into(), &maker.call2(&JsValue::NULL, &room, &nested).unwrap()).unwrap();
    owner.broadcast("nested", "[1]", r#"{"state":true}"#);
    owner.broadcast("start", r#"["nested"]"#, "");
    owner.broadcast("nested", "[2]", "");
    assert_eq!([nested.next().await, nested.next().await], ["[1]", "[2]"]);

    let leave = js_sys::Function::new_with_args("room", "return () => room.close()");
    room.try_on(&"leave".into(), &leave.call1(&JsValue::NULL, &room).unwrap()).unwrap();
    owner.broadcast("leave", "", "");
    assert_eq!(closed.next().await, r#"[{"code":"left","message":"this page left the room"}]"#);
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn a_cleared_slot_is_told_to_the_followers() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let (calls, cleared) = (recorder(), recorder());
    let room = follower(url, &owner.uuid(), "draw", &calls).await;
    room.set("onclear", &cleared);
    owner.broadcast("draw", "[1]", r#"{"slot":"stroke-1"}"#);
    assert_eq!(calls.next().await, "[1]");
    owner.clear("stroke-1");
    assert_eq!(cleared.next().await, r#"["stroke-1"]"#);
    assert_eq!(support::refusal(owner.clearing("")).await.0, "invalid_argument");
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn callbacks_are_functions_or_nothing() {
    let Some(url) = server() else { return };
    let given = recorder();
    let owner = create_with(url, &object(&[("onclear", &given)])).await.unwrap();
    let get = |name: &str| js_sys::Reflect::get(&owner, &name.into()).unwrap();
    assert_eq!(get("onclear"), JsValue::from(given.clone()));
    owner.set("onclear", &JsValue::NULL);
    let others = ["onowner", "onresync", "onaudience", "onroster", "onlane", "onsaid", "oncounts"];
    for name in ["onstatus", "onclose", "onerror", "onclear"].into_iter().chain(others) {
        assert!(!get(name).is_truthy(), "{name}");
        owner.set(name, &given);
        assert_eq!(get(name), JsValue::from(given.clone()));
        let error = js_sys::Reflect::set(&owner, &name.into(), &"text".into()).unwrap_err();
        assert_eq!(code(&error), "invalid_argument");
    }
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn functions_given_to_join_miss_nothing() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let calls = recorder();
    let _room = join(url, &owner.uuid(), &functions(&[("goTo", &calls)])).await;
    owner.broadcast("goTo", "[1]", "");
    assert_eq!(calls.next().await, "[1]");
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn an_unreadable_message_is_reported_once_and_the_rest_goes_on() {
    let Some(url) = server() else { return };
    let sockets = support::watch_sockets();
    let owner = create(url).await;
    let (calls, errors) = (recorder(), recorder());
    let room = join(url, &owner.uuid(), &functions(&[("goTo", &calls)])).await;
    room.set("onerror", &errors);
    sockets.say(
        "{\"funcKey\":\"goTo\",\"funcParams\":[1]}\nnot JSON\n7\n{\"funcKey\":\"goTo\",\"funcParams\":[2]}",
    );
    assert_eq!([calls.next().await, calls.next().await], ["[1]", "[2]"]);
    assert_eq!(errors.next().await, r#"[{"name":"RoomError","code":"malformed"}]"#);
    assert_eq!(errors.unread(), 0);
    owner.closed().await;
}
