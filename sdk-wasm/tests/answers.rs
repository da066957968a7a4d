//! How the promises of `broadcast`, `clear` and `ready` settle, against a real server.

#![allow(clippy::unwrap_used, reason = "clippy takes only functions marked #[test] for tests")]

mod support;

use js_sys::Promise;
use support::{code, create, create_with, follower, object, recorder, refusal, seq, server};
use wasm_bindgen::prelude::{Closure, JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// How many actions the SDK keeps until they are answered: the limit that the server announces.
const QUEUE_ACTIONS: usize = 4_096;
/// How many bytes may wait in the page for the network.
const BUFFERED_BYTES: u32 = 256 * 1024;

async fn resolved(promise: Promise) {
    assert!(JsFuture::from(promise).await.unwrap().is_undefined());
}

#[wasm_bindgen_test]
async fn every_action_is_answered_with_its_seq() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let promises = [
        owner.broadcasting("a", "[1]", ""),
        owner.broadcasting("b", "[2]", r#"{"state":true}"#),
        owner.broadcasting("c", "[3]", r#"{"slot":"x"}"#),
        owner.clearing("other"),
    ];
    for (expected, promise) in (1_u8..).zip(promises) {
        assert_eq!(seq(promise).await, Some(expected.into()));
    }
    assert_eq!(seq(owner.broadcasting("a", "", "")).await, Some(5.0));
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn an_answer_is_a_promise_however_late_and_often_it_is_awaited() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let first = owner.broadcasting("a", "[1]", "");
    assert_eq!(seq(owner.broadcasting("b", "[2]", "")).await, Some(2.0));
    // The first is answered by now, and nobody has awaited it.
    assert!(first.is_instance_of::<Promise>());
    let ended = Closure::new(|| {});
    assert_eq!(seq(first.finally(&ended)).await, Some(1.0));
    assert_eq!(seq(first.clone()).await, Some(1.0));
    assert_eq!(seq(Promise::resolve(&first)).await, Some(1.0));
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn an_action_that_a_newer_one_replaced_before_it_was_sent_has_no_seq() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let old = owner.broadcasting("goTo", "[1]", r#"{"state":true}"#);
    let other = owner.broadcasting("other", "", "");
    let cleared = owner.clearing("goTo");
    let new = owner.broadcasting("goTo", "[2]", r#"{"state":true}"#);
    assert_eq!([seq(old).await, seq(other).await], [None, Some(1.0)]);
    assert_eq!([seq(cleared).await, seq(new).await], [None, Some(2.0)]);
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn what_the_server_refuses_is_rejected_with_its_slot_and_the_rest_goes_on() {
    let Some(url) = server() else { return };
    let errors = recorder();
    let owner = create_with(url, &object(&[("onerror", &errors)])).await.unwrap();
    // 4 MiB are 70 times 60,000 bytes.
    let params = format!("[\"{}\"]", "x".repeat(60_000));
    for number in 1..70 {
        let promise = owner.broadcasting("page", &params, &format!(r#"{{"slot":"page-{number}"}}"#));
        assert_eq!(seq(promise).await, Some(number.into()));
    }
    let refused = owner.broadcasting("page", &params, r#"{"slot":"page-70"}"#);
    let taken = owner.broadcasting("page", "[]", "");
    assert_eq!(refusal(refused).await, ("state_too_large".to_owned(), "page-70".to_owned()));
    assert_eq!(seq(taken).await, Some(70.0));
    assert_eq!(errors.unread(), 0);
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn a_full_queue_accepts_nothing_until_it_is_ready() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    resolved(owner.ready()).await;
    let taken: Vec<_> = (0..QUEUE_ACTIONS).map(|_| owner.broadcasting("count", "", "")).collect();
    let refused = owner.broadcasting("count", "", "");
    let (first, second) = (owner.ready(), owner.ready());
    assert_eq!(refusal(refused).await, ("queue_full".to_owned(), "count".to_owned()));
    resolved(first).await;
    resolved(second).await;
    let next = owner.broadcasting("count", "", "");
    for (expected, promise) in (1_u16..).zip(taken) {
        assert_eq!(seq(promise).await, Some(expected.into()));
    }
    assert_eq!(seq(next).await, Some(QUEUE_ACTIONS as f64 + 1.0));
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn what_is_broadcast_before_a_close_is_answered() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let (first, second) = (owner.broadcasting("bye", "", ""), owner.clearing("nothing"));
    let closed = owner.close();
    let late = owner.broadcasting("late", "", "");
    assert_eq!([seq(first).await, seq(second).await], [Some(1.0), Some(2.0)]);
    assert_eq!(refusal(late).await, ("closed".to_owned(), "late".to_owned()));
    JsFuture::from(closed).await.unwrap();
    assert_eq!(refusal(owner.ready()).await.0, "closed");
}

#[wasm_bindgen_test]
async fn pending_promises_are_rejected_after_onclose_when_the_room_ends() {
    let Some(url) = server() else { return };
    let sockets = support::watch_sockets();
    let owner = create(url).await;
    let (status, closed) = (recorder(), recorder());
    owner.set("onstatus", &status);
    owner.set("onclose", &closed);
    sockets.cut();
    while status.next().await != r#"["reconnecting"]"# {}

    let promises = js_sys::Array::new();
    let unanswered = owner.broadcasting("goTo", "[1]", r#"{"slot":"x"}"#);
    for _ in 1..QUEUE_ACTIONS {
        promises.push(&owner.broadcasting("count", "", ""));
    }
    let waiting = owner.ready();
    // These are rejected as well; the test does not look at the reasons.
    let others = Promise::all_settled(&promises);
    owner.closed().await;
    assert_eq!(closed.next().await, r#"[{"code":"left","message":"this page closed the room"}]"#);
    assert_eq!(refusal(unanswered).await, ("closed".to_owned(), "x".to_owned()));
    assert_eq!(refusal(waiting).await.0, "closed");
    JsFuture::from(others).await.unwrap();
}

#[wasm_bindgen_test]
async fn what_fails_and_nobody_awaits_is_told_once_by_onerror() {
    let Some(url) = server() else { return };
    let unhandled = support::unhandled_rejections();
    let sockets = support::watch_sockets();
    let errors = recorder();
    let owner = create_with(url, &object(&[("onerror", &errors)])).await.unwrap();
    let told = |code: &str, key: &str| format!(r#"[{{"name":"RoomError","code":"{code}","key":"{key}"}}]"#);
    let large = format!("[\"{}\"]", "x".repeat(1_000_000));
    owner.broadcast("page", &large, "");
    assert_eq!(errors.next().await, told("message_too_large", "page"));
    owner.clear("");
    assert!(errors.next().await.contains("invalid_argument"));
    let later = owner.broadcasting("later", &large, "");
    let all = Promise::all(&js_sys::Array::of1(&later));
    assert_eq!(refusal(all).await.0, "message_too_large");
    support::next_task().await;
    assert_eq!(errors.unread(), 0, "this one was awaited");

    sockets.cut();
    let closed = recorder();
    owner.set("onclose", &closed);
    for _ in 0..QUEUE_ACTIONS {
        owner.broadcast("count", "", "");
    }
    owner.broadcast("count", "", "");
    assert_eq!(errors.next().await, told("queue_full", "count"));
    drop(owner.ready());
    owner.closed().await;
    assert_eq!(errors.next().await, told("closed", "count"));
    owner.broadcast("late", "", "");
    drop(owner.ready());
    support::next_task().await;
    support::next_task().await;
    assert_eq!((closed.unread(), errors.unread(), unhandled.unread()), (1, 0, 0));
}

#[wasm_bindgen_test]
async fn promises_that_nobody_awaits_disturb_nothing() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let calls = recorder();
    let _room = follower(url, &owner.uuid(), "goTo", &calls).await;
    for number in 0..100 {
        owner.broadcast("goTo", &format!("[{number}]"), "");
    }
    for number in 0..100 {
        assert_eq!(calls.next().await, format!("[{number}]"));
    }
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn nothing_is_written_while_the_network_accepts_nothing() {
    let Some(url) = server() else { return };
    let sockets = support::watch_sockets();
    let owner = create(url).await;
    sockets.buffer(BUFFERED_BYTES);
    assert_eq!(seq(owner.broadcasting("goTo", "[1]", r#"{"state":true}"#)).await, Some(1.0));
    let written = sockets.sent();

    let old = owner.broadcasting("goTo", "[2]", r#"{"state":true}"#);
    // After this, the task in which the action would have been written is over.
    resolved(owner.ready()).await;
    assert_eq!(sockets.sent(), written);
    let new = owner.broadcasting("goTo", "[3]", r#"{"state":true}"#);
    assert_eq!(seq(old).await, None, "it was replaced, so it was not written");
    resolved(owner.ready()).await;
    assert_eq!(sockets.sent(), written);

    sockets.buffer(0);
    assert_eq!(seq(new).await, Some(2.0));
    assert_eq!(sockets.sent(), written + 1);
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn params_that_json_cannot_carry_are_rejected_with_their_cause() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let big = support::function("return [1n]").call0(&JsValue::NULL).unwrap();
    let error = owner.refused(&"x".into(), &big, &JsValue::UNDEFINED).await;
    assert_eq!((code(&error), support::text(&error, "key")), ("invalid_argument".to_owned(), "x".to_owned()));
    assert!(js_sys::Reflect::get(&error, &"cause".into()).unwrap().is_object());
    owner.closed().await;
}
