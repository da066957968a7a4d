//! What clients say.
//!
//! Plain names are the original's envelopes, as its readme and its JavaScript class write them; those with `session`
//! are what a client says that speaks session fields.

use serde_json::{Value, json};

/// Status 1.
#[must_use]
pub fn create() -> Value {
    envelope("", (1, "new connection"), "", &json!([]), false)
}

/// A first message with a token.
#[must_use]
pub fn with_token(mut message: Value, token: &str) -> Value {
    message["token"] = token.into();
    message
}

/// Status 2.
#[must_use]
pub fn join(uuid: &str) -> Value {
    envelope(uuid, (2, "join connection"), "", &json!([]), false)
}

/// Status 3 with a function key.
#[must_use]
pub fn action(uuid: &str, key: &str, params: &Value) -> Value {
    envelope(uuid, (3, "connected"), key, params, false)
}

/// An action that the room retains.
#[must_use]
pub fn state(uuid: &str, key: &str, params: &Value) -> Value {
    envelope(uuid, (3, "connected"), key, params, true)
}

/// Status 4.
#[must_use]
pub fn close(uuid: &str) -> Value {
    envelope(uuid, (4, "close connection"), "", &json!([]), false)
}

/// What the server answers to create and join.
#[must_use]
pub fn connected(uuid: &str) -> Value {
    envelope(uuid, (3, "connected"), "", &json!([]), false)
}

/// What the server says when a room is closed.
#[must_use]
pub fn not_connected(uuid: &str) -> Value {
    envelope(uuid, (0, "not connected"), "", &json!([]), false)
}

/// Status 1 with session fields.
#[must_use]
pub fn session_create(session: &str) -> Value {
    json!({"status": {"value": 1}, "v": 2, "session": session})
}

/// Status 2 with session fields.
#[must_use]
pub fn session_join(uuid: &str) -> Value {
    json!({"uuid": uuid, "status": {"value": 2}, "v": 2})
}

/// A follower comes back that was handed everything up to `since`.
#[must_use]
pub fn session_rejoin(uuid: &str, since: u64) -> Value {
    json!({"uuid": uuid, "status": {"value": 2}, "v": 2, "since": since})
}

/// A claim of ownership.
#[must_use]
pub fn session_claim(uuid: &str, owner_key: &str, session: &str) -> Value {
    json!({"uuid": uuid, "status": {"value": 2}, "v": 2, "ownerKey": owner_key, "session": session})
}

/// An action that its owner wants acknowledged.
#[must_use]
pub fn numbered(id: u64, key: &str) -> Value {
    json!({"id": id, "funcKey": key})
}

fn envelope(uuid: &str, (value, text): (u64, &str), key: &str, params: &Value, state_message: bool) -> Value {
    json!({
        "uuid": uuid,
        "status": {"value": value, "text": text},
        "funcKey": key,
        "funcParams": params,
        "stateMessage": state_message,
    })
}
