//! `create` and `join`.

use js_sys::Promise;
use rtbroadcaster_protocol::{Goal, SessionOptions};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::address::websocket_address;
use crate::delivery::Entry;
use crate::driver::{Driver, Plan};
use crate::environment::{random_name, random_number};
use crate::error::RoomError;
use crate::options::{RoomOptions, claim, non_empty};

/// Opens a room, or takes one back: see index.d.ts.
#[wasm_bindgen]
pub fn create(url: &JsValue, options: &JsValue) -> Promise {
    let goal = claim(options).map(|claim| match claim {
        Some((uuid, owner_key)) => Goal::Claim { uuid, owner_key },
        None => Goal::Create,
    });
    enter(url, goal, options)
}

/// Enters a room as a follower: see index.d.ts.
#[wasm_bindgen]
pub fn join(url: &JsValue, uuid: &JsValue, options: &JsValue) -> Promise {
    enter(url, non_empty(uuid, "uuid").map(|uuid| Goal::Join { uuid }), options)
}

fn enter(url: &JsValue, goal: Result<Goal, RoomError>, options: &JsValue) -> Promise {
    let mut plan = match read(url, goal, options) {
        Ok(plan) => Some(plan),
        Err(error) => return Promise::reject(&error),
    };
    Promise::new(&mut |resolve, reject| {
        if let Some(plan) = plan.take() {
            Driver::start(plan, Entry { resolve, reject });
        }
    })
}

fn read(url: &JsValue, goal: Result<Goal, RoomError>, options: &JsValue) -> Result<Plan, RoomError> {
    let address = websocket_address(url)?;
    let goal = goal?;
    let RoomOptions { registry, callbacks, timeout_ms } = RoomOptions::read(options)?;
    let session = SessionOptions {
        goal,
        session: random_name(),
        seed: random_number(),
        connect_timeout_ms: timeout_ms,
        share_audience: false,
    };
    Ok(Plan { session, address, registry, callbacks })
}
