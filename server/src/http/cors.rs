//! Which pages may read the answers (the fetch standard's CORS protocol): those that may connect by websocket.

use warp::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use warp::http::{HeaderMap, HeaderValue};
use warp::reply::Response;

use super::error::HttpError;
use crate::OriginPolicy;

/// Every header that a request of ours may have and a browser asks about.
const REQUEST_HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Rtbroadcaster-Owner-Key, Rtbroadcaster-Token";
/// The headers of answers that a page could not read otherwise.
const ANSWER_HEADERS: &str = "Location, Retry-After";
/// How long a browser may remember a preflight, in seconds: as long as most of them do at most.
const MAX_AGE: &str = "7200";

/// The origin of the page that asks; none if no page does.
pub(super) fn origin(policy: &OriginPolicy, headers: &HeaderMap) -> Result<Option<HeaderValue>, HttpError> {
    let origin = headers.get(ORIGIN);
    if policy.allows(headers) {
        return Ok(origin.cloned());
    }
    let origin = origin.map(|origin| String::from_utf8_lossy(origin.as_bytes()).into_owned());
    Err(HttpError::Origin(origin.unwrap_or_default()))
}

/// Lets that page read the answer.
pub(super) fn admit(response: &mut Response, origin: Option<HeaderValue>) {
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(ANSWER_HEADERS));
    }
}

/// What a browser asks before it sends what isn't a simple request.
pub(super) fn preflight(headers: &mut HeaderMap, methods: &'static str) {
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
}
