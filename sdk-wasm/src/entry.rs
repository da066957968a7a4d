//! `create` and `join`.

use js_sys::{Function, Promise};
use rtbroadcaster_protocol::{Goal, SessionOptions};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::address::websocket_address;
use crate::driver::{Driver, Plan};
use crate::environment::{random_name, random_number};
use crate::error::RoomError;
use crate::options::{RoomOptions, claim, non_empty, shares_audience};
use crate::promise::promise;

/// Opens a room, or takes one back: see index.d.ts. When the room that the promise was resolved with ends, `on_end` is
/// called with the reason's code, before any other callback: that is for resume.js.
#[wasm_bindgen]
pub fn create(url: &JsValue, options: &JsValue, on_end: Option<Function>) -> Promise {
    let plan = claim(options).and_then(|claim| {
        let goal = match claim {
            Some((uuid, owner_key)) => Goal::Claim { uuid, owner_key },
            None => Goal::Create,
        };
        let mut plan = plan(url, goal, options)?;
        plan.session.share_audience = shares_audience(options)?;
        plan.on_end = on_end;
        Ok(plan)
    });
    enter(plan)
}

/// Enters a room as a follower: see index.d.ts.
#[wasm_bindgen]
pub fn join(url: &JsValue, uuid: &JsValue, options: &JsValue) -> Promise {
    enter(non_empty(uuid, "uuid").and_then(|uuid| plan(url, Goal::Join { uuid }, options)))
}

fn enter(plan: Result<Plan, RoomError>) -> Promise {
    match plan {
        Ok(plan) => promise(|entry| Driver::start(plan, entry)),
        Err(error) => Promise::reject(&error),
    }
}

fn plan(url: &JsValue, goal: Goal, options: &JsValue) -> Result<Plan, RoomError> {
    let address = websocket_address(url)?;
    let RoomOptions { registry, callbacks, timeout_ms, web_socket } = RoomOptions::read(options)?;
    let session = SessionOptions {
        goal,
        session: random_name(),
        seed: random_number(),
        connect_timeout_ms: timeout_ms,
        share_audience: false,
    };
    Ok(Plan { session, address, web_socket, registry, callbacks, on_end: None })
}
