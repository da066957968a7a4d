//! The opening handshake of a websocket, which [`Manager::routes`](crate::Manager::routes) answers.

use hyper::upgrade::OnUpgrade;
use tungstenite::handshake::derive_accept_key;
use warp::http::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use crate::admission::HandshakeError;

/// The server's half of the handshake (RFC 6455 section 4.2). Returns the response, and the upgrade
/// that becomes the connection.
pub(crate) fn handshake(
    method: &Method,
    headers: &HeaderMap,
    upgrade: Option<OnUpgrade>,
) -> Result<(Response, OnUpgrade), HandshakeError> {
    let upgrade = upgrade
        .filter(|_| method == Method::GET && has_token(headers, &CONNECTION, "upgrade"))
        .filter(|_| has_token(headers, &UPGRADE, "websocket"))
        .ok_or(HandshakeError::NotAnUpgrade)?;
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(HandshakeError::Version);
    }
    // 16 bytes in base64 are 22 characters and two of padding.
    let key = headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    let key = key.filter(|key| key.len() == 24 && key.ends_with(b"==")).ok_or(HandshakeError::Key)?;
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let reply = response.headers_mut();
    reply.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    reply.insert(UPGRADE, HeaderValue::from_static("websocket"));
    let accept = derive_accept_key(key).parse().map_err(|_| HandshakeError::Key)?;
    reply.insert(SEC_WEBSOCKET_ACCEPT, accept);
    Ok((response, upgrade))
}

/// Whether one of a header's comma-separated tokens is this one, in any case.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}
