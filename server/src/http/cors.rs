//! The CORS protocol (fetch standard): pages of the origins that may connect by websocket may read
//! the answers.

use warp::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use warp::http::{HeaderMap, HeaderValue};
use warp::reply::Response;

use super::error::HttpError;
use crate::Settings;
use crate::admission::PageRefused;

/// Every header of our requests that a browser asks permission for.
const REQUEST_HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Range, Rtbroadcaster-Invite, Rtbroadcaster-Name, Rtbroadcaster-Owner-Key, Rtbroadcaster-Session, Rtbroadcaster-Token";
/// The answers' headers that a page could not read otherwise.
const ANSWER_HEADERS: &str = "Content-Range, Location, Retry-After";
/// How long a browser may remember a preflight, in seconds. Most browsers remember it no longer.
const MAX_AGE: &str = "7200";

/// The origin of the page that sends the request. None if no page does.
pub(super) fn origin(settings: &Settings, headers: &HeaderMap) -> Result<Option<HeaderValue>, HttpError> {
    PageRefused::check(&settings.hosts, &settings.origins, headers).map_err(|reason| match reason {
        PageRefused::Host(host) => HttpError::Host(host),
        PageRefused::Origin(origin) => HttpError::Origin(origin),
    })?;
    Ok(headers.get(ORIGIN).cloned())
}

/// Lets the page at this origin read the answer.
pub(super) fn admit(response: &mut Response, origin: Option<HeaderValue>) {
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(ANSWER_HEADERS));
    }
}

/// Sets the headers that answer a preflight, which a browser sends before a request that isn't
/// simple.
pub(super) fn preflight(headers: &mut HeaderMap, methods: &'static str) {
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
}
