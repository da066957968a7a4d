//! `GET time`: the server's time.

use rtbroadcaster_protocol::{Refusal, RefusalCode};
use serde_json::json;
use warp::http::header::CACHE_CONTROL;
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

use super::super::error::HttpError;
use super::super::json::json_answer;
use crate::Manager;

/// Tells the server's time, for a page that estimates its clock. It is no secret.
pub(in crate::http) fn time(manager: &Manager) -> Result<Response, HttpError> {
    let time = manager.services().clock_samples.take(manager.now());
    let time = time.map_err(|wait| Refusal::until_later(RefusalCode::RateLimited, wait.milliseconds()))?;
    let mut response = json_answer(StatusCode::OK, json!({"time": time}).to_string());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
