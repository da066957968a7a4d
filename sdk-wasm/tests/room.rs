//! Rooms, against a real server: entering, broadcasting, reconnecting, closing, owning.

#![allow(clippy::unwrap_used, reason = "clippy takes only functions marked #[test] for tests")]

mod support;

use support::{
    code, create, create_with, follower, function, join, join_with, json, object, recorder, server, text,
};
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn a_follower_runs_what_the_owner_broadcasts_with_the_params_spread() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    assert!(owner.is_owner() && owner.connected());
    assert_eq!(owner.status(), "connected");
    assert!(owner.owner_key().is_some_and(|key| !key.is_empty()));

    let calls = recorder();
    let room = follower(url, &owner.uuid(), "goTo", &calls).await;
    assert_eq!(room.uuid(), owner.uuid());
    assert!(!room.is_owner() && room.connected());
    assert_eq!(room.owner_key(), None);

    owner.broadcast("goTo", r#"["3",{"speed":[1.5,null,true]},"ü\n\"😀"]"#, "");
    owner.broadcast("goTo", "", "");
    assert_eq!(calls.next().await, r#"["3",{"speed":[1.5,null,true]},"ü\n\"😀"]"#);
    assert_eq!(calls.next().await, "[]");
    owner.closed().await;
}

/// Texts are copied to Rust and back in different ways, depending on length and content.
#[wasm_bindgen_test]
async fn texts_of_any_length_and_alphabet_arrive_as_they_were_sent() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let calls = recorder();
    let _room = follower(url, &owner.uuid(), "say", &calls).await;
    for length in [0, 1, 200, 245, 250, 255, 256, 257, 300, 10_000] {
        for text in ["a", "é", "😀"].map(|character| character.repeat(length)) {
            for text in [format!("a{text}"), format!("{text}a")] {
                let params = format!(r#"["{text}"]"#);
                owner.broadcast("say", &params, "");
                assert_eq!(calls.next().await, params, "{length} of a kind");
            }
        }
    }
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn many_broadcasts_of_one_task_arrive_in_order() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let calls = recorder();
    let _room = follower(url, &owner.uuid(), "count", &calls).await;
    for number in 0..1_000 {
        owner.broadcast("count", &format!("[{number}]"), "");
    }
    for number in 0..1_000 {
        assert_eq!(calls.next().await, format!("[{number}]"));
    }
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn a_late_follower_receives_the_state_messages_in_the_order_of_the_writes() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let witness = recorder();
    let _room = follower(url, &owner.uuid(), "done", &witness).await;
    owner.broadcast("draw", "[1]", r#"{"slot":"stroke-1"}"#);
    owner.broadcast("draw", "[2]", r#"{"slot":"stroke-2"}"#);
    owner.broadcast("draw", "[3]", "");
    owner.broadcast("draw", "[4]", r#"{"state":true}"#);
    owner.broadcast("draw", "[5]", r#"{"slot":"stroke-1"}"#);
    owner.broadcast("draw", "[6]", r#"{"state":false,"slot":"stroke-9"}"#);
    owner.clear("stroke-2");
    owner.broadcast("done", "", "");
    witness.next().await;

    let calls = recorder();
    let late = follower(url, &owner.uuid(), "draw", &calls).await;
    assert_eq!(calls.unread(), 2, "and nothing more before it is connected");
    assert_eq!([calls.next().await, calls.next().await], ["[4]", "[5]"]);
    assert_eq!(late.status(), "connected");
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn closing_is_final_and_reported_once_to_everyone() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let (calls, closed, status, own) = (recorder(), recorder(), recorder(), recorder());
    let room = follower(url, &owner.uuid(), "bye", &calls).await;
    room.set("onclose", &closed);
    room.set("onstatus", &status);
    owner.set("onclose", &own);
    owner.closed().await;
    assert!(closed.next().await.starts_with(r#"[{"code":"closed","message":"#));
    assert_eq!(status.next().await, r#"["closed"]"#);
    assert_eq!(own.next().await, r#"[{"code":"left","message":"this page closed the room"}]"#);
    assert_eq!((room.status(), room.connected()), ("closed".to_owned(), false));
    assert_eq!((owner.status(), owner.connected()), ("closed".to_owned(), false));

    let error = owner.refused(&"x".into(), &json("[]"), &JsValue::UNDEFINED).await;
    assert_eq!(code(&error), "closed");
    owner.closed().await;
    room.closed().await;
    room.on("bye", &calls);
    assert_eq!(closed.unread() + status.unread() + own.unread(), 0);
    let gone = join_with(url, &owner.uuid(), &JsValue::UNDEFINED).await.err().unwrap();
    assert_eq!(code(&gone), "unknown_room");
}

#[wasm_bindgen_test]
async fn what_was_broadcast_before_the_close_arrives_before_the_close() {
    let Some(url) = server() else { return };
    for _ in 0..20 {
        let owner = create(url).await;
        let (calls, closed) = (recorder(), recorder());
        let room = follower(url, &owner.uuid(), "bye", &calls).await;
        room.set("onclose", &closed);
        owner.broadcast("bye", "", "");
        owner.closed().await;
        closed.next().await;
        assert_eq!(calls.unread(), 1);
    }
}

#[wasm_bindgen_test]
async fn a_follower_leaves_alone() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let (calls, closed) = (recorder(), recorder());
    let stays = follower(url, &owner.uuid(), "goTo", &calls).await;
    let leaves = join(url, &owner.uuid(), &JsValue::UNDEFINED).await;
    leaves.set("onclose", &closed);
    leaves.closed().await;
    assert_eq!(closed.next().await, r#"[{"code":"left","message":"this page left the room"}]"#);
    owner.broadcast("goTo", "[1]", "");
    assert_eq!(calls.next().await, "[1]");
    assert_eq!(stays.status(), "connected");
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn a_room_that_is_not_there_is_refused() {
    let Some(url) = server() else { return };
    for uuid in ["no-uuid-at-all", "67e55044-10b1-426f-9247-bb680e5fe0c8"] {
        let error = join_with(url, uuid, &JsValue::UNDEFINED).await.err().unwrap();
        assert_eq!(code(&error), "unknown_room", "{uuid}");
    }
}

#[wasm_bindgen_test]
async fn a_follower_cannot_broadcast() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let room = join(url, &owner.uuid(), &JsValue::UNDEFINED).await;
    let error = room.refused(&"goTo".into(), &json("[]"), &JsValue::UNDEFINED).await;
    assert_eq!((code(&error), text(&error, "key")), ("not_owner".to_owned(), "goTo".to_owned()));
    assert_eq!(support::refusal(room.clearing("goTo")).await, ("not_owner".to_owned(), "goTo".to_owned()));
    assert_eq!(room.status(), "catching-up");
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn what_cannot_be_broadcast_is_an_invalid_argument() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let cyclic = function("const a = []; a.push(a); return a").call0(&JsValue::NULL).unwrap();
    let big = function("return [1n]").call0(&JsValue::NULL).unwrap();
    let attempts = [
        (JsValue::from(""), json("[]"), JsValue::UNDEFINED),
        (JsValue::from(3), json("[]"), JsValue::UNDEFINED),
        (JsValue::from("x"), json(r#""text""#), JsValue::UNDEFINED),
        (JsValue::from("x"), cyclic, JsValue::UNDEFINED),
        (JsValue::from("x"), big, JsValue::UNDEFINED),
        (JsValue::from("x"), json("[]"), json(r#"{"slot":""}"#)),
        (JsValue::from("x"), json("[]"), json(r#"{"slot":4}"#)),
        (JsValue::from("x"), json("[]"), json(r#"{"state":"yes"}"#)),
        (JsValue::from("x"), json("[]"), json("true")),
    ];
    for (key, params, options) in attempts {
        let error = owner.refused(&key, &params, &options).await;
        assert_eq!(code(&error), "invalid_argument", "{key:?} {options:?}");
    }
    let long = js_sys::Array::of1(&"x".repeat(10_000_000).into());
    let error = owner.refused(&"x".into(), &long, &JsValue::UNDEFINED).await;
    assert_eq!(code(&error), "message_too_large");
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn a_claim_takes_the_room_over_with_its_state_and_the_former_owner_stays_out() {
    let Some(url) = server() else { return };
    let former = create(url).await;
    let (closed, calls) = (recorder(), recorder());
    former.set("onclose", &closed);
    let _room = follower(url, &former.uuid(), "goTo", &calls).await;
    former.broadcast("goTo", "[1]", r#"{"state":true}"#);
    assert_eq!(calls.next().await, "[1]");

    let claim = object(&[("uuid", &former.uuid().into()), ("ownerKey", &former.owner_key().into())]);
    let replayed = recorder();
    let options = object(&[("claim", &claim), ("functions", &object(&[("goTo", &replayed)]))]);
    let owner = create_with(url, &options).await.unwrap();
    assert_eq!(replayed.unread(), 1, "before `create` resolves");
    assert!(owner.is_owner() && owner.resumed() && !former.resumed());
    assert_eq!((owner.uuid(), owner.owner_key()), (former.uuid(), former.owner_key()));
    assert_eq!(replayed.next().await, "[1]");
    assert!(closed.next().await.starts_with(r#"[{"code":"superseded""#));
    let error = former.refused(&"goTo".into(), &json("[2]"), &JsValue::UNDEFINED).await;
    assert_eq!(code(&error), "closed");
    owner.broadcast("goTo", "[3]", "");
    assert_eq!(calls.next().await, "[3]");

    let wrong =
        object(&[("claim", &object(&[("uuid", &owner.uuid().into()), ("ownerKey", &"guess".into())]))]);
    assert_eq!(code(&create_with(url, &wrong).await.err().unwrap()), "wrong_owner_key");
    owner.closed().await;
}

#[wasm_bindgen_test]
async fn a_lost_connection_comes_back_at_once_when_the_page_wakes_and_nothing_is_lost() {
    let Some(url) = server() else { return };
    let sockets = support::watch_sockets();
    let owner = create(url).await;
    let (calls, status, own_status) = (recorder(), recorder(), recorder());
    let room = follower(url, &owner.uuid(), "count", &calls).await;
    room.set("onstatus", &status);
    owner.set("onstatus", &own_status);

    for event in ["online", "pageshow", "visibilitychange"] {
        owner.broadcast("count", "[1]", "");
        assert_eq!(calls.next().await, "[1]");
        sockets.cut();
        assert_eq!(status.next().await, r#"["reconnecting"]"#);
        assert_eq!(own_status.next().await, r#"["reconnecting"]"#);
        assert!(!room.connected() && !owner.connected());
        owner.broadcast("count", "[2]", "");
        owner.broadcast("count", "[3]", r#"{"state":true}"#);
        support::wake_by(event);
        assert_eq!(sockets.opened(), 2, "{event}");
        assert_eq!([calls.next().await, calls.next().await], ["[2]", "[3]"]);
        assert_eq!(own_status.next().await, r#"["connected"]"#);
        while room.status() != "connected" {
            status.next().await;
        }
        while status.unread() > 0 {
            status.next().await;
        }
    }
    owner.closed().await;
    assert_eq!(calls.unread(), 0);
}

#[wasm_bindgen_test]
async fn everything_is_released_at_the_end() {
    let Some(url) = server() else { return };
    let sockets = support::watch_sockets();
    let owner = create(url).await;
    owner.set("onstatus", &recorder());
    owner.closed().await;
    assert!(!sockets.have_handlers());
    assert!(js_sys::Reflect::get(&owner, &"onstatus".into()).unwrap().is_null_or_undefined());
}
