//! How a client with a token is let in or refused.

use rtbroadcaster_protocol::CloseCode;
use serde_json::Value;

use crate::{Client, message};

/// The refusal's text for a token that does not allow what the client asks for.
const FORBIDDEN: &str = "the token doesn't allow this: ask whoever gave it to you for one that does";

/// Connects and sends a first message. Returns the connection and the answer.
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

/// Connects with this first message, which must be accepted.
pub async fn is_let_in(address: &str, first: &Value) -> Client {
    let (client, answer) = say(address, first).await;
    assert_eq!(answer["status"]["value"], 3, "{answer}");
    client
}

/// Connects with this first message, which must be refused with this code and text, and with a
/// close code that tells the client not to come back.
pub async fn is_refused(address: &str, first: &Value, code: &str, text: &str) {
    let mut client = Client::connect(address).await;
    client.send(first).await;
    let refusal = client.is_refused(code).await;
    assert_eq!(refusal["error"]["message"], text);
    assert_eq!(refusal["error"].get("retryAfterMs"), None);
    assert_eq!(client.closed().await, CloseCode::Unauthorized.value());
}

/// Connects with this first message, which the token must not allow.
pub async fn is_forbidden(address: &str, first: &Value) {
    is_refused(address, first, "forbidden", FORBIDDEN).await;
}

/// Opens a room. Returns its owner and the reply.
pub async fn open_with(address: &str, token: &str) -> (Client, Value) {
    let (client, reply) = say(address, &create(token)).await;
    assert_eq!(reply["status"]["value"], 3, "{reply}");
    (client, reply)
}
