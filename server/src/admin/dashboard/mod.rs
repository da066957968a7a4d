//! The page of the administration. It shows a server to a person, and ends rooms
//! and connections, after it has asked once more. The page
//! itself is no secret; it asks for the token and sends it with each request.

use warp::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY,
};
use warp::http::header::{X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use warp::reply::{Reply, Response};

/// The page's files: the end of the path, the media type and the text.
const FILES: [(&str, &str, &str); 4] = [
    ("", "text/html; charset=utf-8", include_str!("index.html")),
    ("dashboard.css", "text/css; charset=utf-8", include_str!("dashboard.css")),
    ("dashboard.js", "text/javascript; charset=utf-8", include_str!("dashboard.js")),
    ("format.js", "text/javascript; charset=utf-8", include_str!("format.js")),
];

/// Nothing from other hosts, nothing inline, no frame around it, and no address to send a form to.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page's file of this name, if there is one.
pub(super) fn file(name: &str) -> Option<Response> {
    let (_, media_type, text) = FILES.iter().find(|(other, ..)| *other == name)?;
    let mut response = text.into_response();
    let headers = response.headers_mut();
    for (header, value) in [
        (CONTENT_TYPE, media_type),
        (CACHE_CONTROL, &"no-cache"),
        (CONTENT_SECURITY_POLICY, &POLICY),
        (REFERRER_POLICY, &"no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, &"nosniff"),
        (X_FRAME_OPTIONS, &"DENY"),
    ] {
        headers.insert(header, HeaderValue::from_static(value));
    }
    Some(response)
}
