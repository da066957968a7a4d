//! Nothing is delivered after `close`, `off` and `detach`, against a real server.

#![allow(clippy::unwrap_used, reason = "clippy takes only functions marked #[test] for tests")]

mod support;

use js_sys::Function;
use support::{Recorder, Room, create, follower, function, join, object, recorder, server};
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// A function that records its param, and does something to the room when this is 2. The room is
/// `holder.room`.
fn at_two(act: &str, calls: &Recorder, holder: &JsValue) -> JsValue {
    let body = format!("return (calls, holder) => (number) => {{ calls(number); if (number === 2) {act} }}");
    let maker = Function::from(function(&body).call0(&JsValue::NULL).unwrap());
    maker.call2(&JsValue::NULL, calls, holder).unwrap()
}

fn hold(holder: &JsValue, room: &Room) {
    js_sys::Reflect::set(holder, &"room".into(), room).unwrap();
}

/// Broadcasts 0 to 4 in one frame, and waits until a witness has all of them.
async fn count(owner: &Room, witness: &Recorder, options: &str) {
    for number in 0..5 {
        owner.broadcast("count", &format!("[{number}]"), options);
    }
    owner.broadcast("done", "", "");
    witness.next().await;
}

/// Waits until a follower has heard the end of its room, and everything before it.
async fn until_closed(room: &Room) {
    while room.status() != "closed" {
        support::next_task().await;
    }
}

const ACTS: [(&str, &str); 3] = [
    ("close", "holder.room.close()"),
    ("off", "holder.room.off('count')"),
    ("detach", "holder.room.detach()"),
];

#[wasm_bindgen_test]
async fn a_live_action_after_it_is_not_delivered() {
    let Some(url) = server() else { return };
    for (name, act) in ACTS {
        let owner = create(url).await;
        let (calls, witness, holder) = (recorder(), recorder(), object(&[]));
        let _room = follower(url, &owner.uuid(), "done", &witness).await;
        let room = follower(url, &owner.uuid(), "other", &recorder()).await;
        hold(&holder, &room);
        room.set("onerror", &recorder());
        room.try_on(&"count".into(), &at_two(act, &calls, &holder)).unwrap();
        count(&owner, &witness, "").await;
        owner.closed().await;
        until_closed(&room).await;
        assert_eq!(calls.all(), "[0],[1],[2]", "{name}");
    }
}

#[wasm_bindgen_test]
async fn retained_state_after_it_is_not_delivered() {
    let Some(url) = server() else { return };
    for (name, act) in ACTS {
        for is_given in [true, false] {
            let owner = create(url).await;
            let (calls, witness, holder) = (recorder(), recorder(), object(&[]));
            let _room = follower(url, &owner.uuid(), "done", &witness).await;
            for number in 0..5 {
                owner.broadcast("count", &format!("[{number}]"), &format!(r#"{{"slot":"slot {number}"}}"#));
            }
            owner.broadcast("done", "", "");
            witness.next().await;

            let (counting, status) = (at_two(act, &calls, &holder), recorder());
            let functions = if is_given { object(&[("count", &counting)]) } else { object(&[]) };
            let options = object(&[("functions", &functions), ("onstatus", &status)]);
            let room = join(url, &owner.uuid(), &options).await;
            hold(&holder, &room);
            if !is_given {
                while room.status() != "connected" {
                    status.next().await;
                }
                room.try_on(&"count".into(), &counting).unwrap();
            }
            if name == "close" {
                // The answer of the server comes last.
                while room.status() != "closed" {
                    status.next().await;
                }
            } else {
                owner.broadcast("done", "", "");
                witness.next().await;
                support::next_task().await;
            }
            owner.closed().await;
            until_closed(&room).await;
            assert_eq!(calls.all(), "[0],[1],[2]", "{name}, given: {is_given}");
        }
    }
}

#[wasm_bindgen_test]
async fn what_a_detached_page_kept_is_not_delivered_after_it() {
    let Some(url) = server() else { return };
    for (name, act) in ACTS {
        let owner = create(url).await;
        let (calls, witness, holder) = (recorder(), recorder(), object(&[]));
        let _room = follower(url, &owner.uuid(), "done", &witness).await;
        let room = follower(url, &owner.uuid(), "done", &recorder()).await;
        hold(&holder, &room);
        room.set("onerror", &recorder());
        room.try_on(&"count".into(), &at_two(act, &calls, &holder)).unwrap();
        room.detach();
        count(&owner, &witness, "").await;
        while room.behind() < 6 {
            support::next_task().await;
        }
        room.follow("every");
        owner.broadcast("done", "", "");
        witness.next().await;
        support::next_task().await;
        owner.closed().await;
        until_closed(&room).await;
        assert_eq!(calls.all(), "[0],[1],[2]", "{name}");
    }
}

#[wasm_bindgen_test]
async fn closing_right_after_on_delivers_nothing_that_waited_for_the_function() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let (calls, witness, status) = (recorder(), recorder(), recorder());
    let room = follower(url, &owner.uuid(), "done", &witness).await;
    count(&owner, &witness, r#"{"state":true}"#).await;
    room.set("onstatus", &status);
    room.on("count", &calls);
    room.closed().await;
    owner.closed().await;
    assert_eq!(calls.all(), "");
    assert_eq!(status.all(), r#"["closed"]"#);
}

#[wasm_bindgen_test]
async fn a_status_that_the_page_has_not_heard_is_dropped_by_a_close() {
    let Some(url) = server() else { return };
    let owner = create(url).await;
    let told = recorder();
    let options = object(&[("onstatus", &told), ("onclose", &told)]);
    let room = join(url, &owner.uuid(), &options).await;
    room.closed().await;
    assert_eq!(
        told.all(),
        r#"[{"code":"left","message":"this page left the room"}],["closed"]"#,
        "and neither `catching-up` nor `connected`"
    );
    owner.closed().await;
}
