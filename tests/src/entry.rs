//! How somebody with a token gets in, or doesn't.

use rtbroadcaster_protocol::CloseCode;
use serde_json::Value;

use crate::{Client, message};

/// What is said to whoever has a token that does not allow what was asked for.
pub const FORBIDDEN: &str = "the token doesn't allow this: ask whoever gave it to you for one that does";

/// What the first message is answered, and the connection.
pub async fn say(address: &str, first: &Value) -> (Client, Value) {
    let mut client = Client::connect(address).await;
    client.send(first).await;
    let answer = client.next().await;
    (client, answer)
}

/// A first message that opens a room.
#[must_use]
pub fn create(token: &str) -> Value {
    message::with_token(message::session_create("s"), token)
}

/// A first message that follows a room.
#[must_use]
pub fn join(uuid: &str, token: &str) -> Value {
    message::with_token(message::session_join(uuid), token)
}

/// The connection of whoever says this first, and is let in.
pub async fn is_let_in(address: &str, first: &Value) -> Client {
    let (client, answer) = say(address, first).await;
    assert_eq!(answer["status"]["value"], 3, "{answer}");
    client
}

/// Refused with this code and text, and closed for good.
pub async fn is_refused(address: &str, first: &Value, code: &str, text: &str) {
    let mut client = Client::connect(address).await;
    client.send(first).await;
    let refusal = client.is_refused(code).await;
    assert_eq!(refusal["error"]["message"], text);
    assert_eq!(refusal["error"].get("retryAfterMs"), None);
    assert_eq!(client.closed().await, CloseCode::Unauthorized.value());
}

/// Opens a room; its owner, and what it was replied.
pub async fn open_with(address: &str, token: &str) -> (Client, Value) {
    let (client, reply) = say(address, &create(token)).await;
    assert_eq!(reply["status"]["value"], 3, "{reply}");
    (client, reply)
}
