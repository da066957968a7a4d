//! The messages of clients.
//!
//! Functions with plain names make the original's envelopes, as its readme and its JavaScript class
//! write them. Those with `session` in their names make the messages of a client that speaks
//! session fields.

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

/// The server's answer to create and join.
#[must_use]
pub fn connected(uuid: &str) -> Value {
    envelope(uuid, (3, "connected"), "", &json!([]), false)
}

/// The server's message when a room is closed.
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

/// Status 2 of a follower that comes back and has received everything up to `since`.
#[must_use]
pub fn session_rejoin(uuid: &str, since: u64) -> Value {
    json!({"uuid": uuid, "status": {"value": 2}, "v": 2, "since": since})
}

/// A claim of ownership.
#[must_use]
pub fn session_claim(uuid: &str, owner_key: &str, session: &str) -> Value {
    json!({"uuid": uuid, "status": {"value": 2}, "v": 2, "ownerKey": owner_key, "session": session})
}

/// An action with an id, which the server acknowledges.
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
