//! `GET codes/{code}`: which room a short code stands for.

use rtbroadcaster_protocol::{Refusal, RoomCode, RoomId};
use serde_json::json;
use warp::http::header::CACHE_CONTROL;
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

use super::error::HttpError;
use super::json::json_answer;
use super::request::Request;
use crate::Manager;

/// Says which room a code stands for. No token is needed: a code is an address, and whoever enters
/// the room is asked for one.
pub(super) async fn find(manager: &Manager, request: &Request, code: &str) -> Result<Response, HttpError> {
    let room = look_up(manager, request, code).await?;
    let mut response = json_answer(StatusCode::OK, json!({"uuid": room.to_string()}).to_string());
    // In a moment it may stand for nothing.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The room that a code stands for.
///
/// # Errors
/// - `unknown_room`: it stands for none.
/// - `rate_limited`: this address, or all together, asked for too many unknown codes.
/// - `unavailable`: the cluster doesn't answer.
pub(super) async fn look_up(manager: &Manager, request: &Request, code: &str) -> Result<RoomId, Refusal> {
    let code = RoomCode::parse(code).ok_or_else(Refusal::unknown_code)?;
    let found = manager.services().look_up_code(code, request.remote(), manager.now()).await?;
    found.ok_or_else(Refusal::unknown_code)
}
