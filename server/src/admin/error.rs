//! The errors of the administration, answered with an HTTP status and JSON.

use serde::Serialize;
use warp::http::header::{ALLOW, CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use warp::http::{HeaderName, StatusCode};
use warp::reply::{Reply, Response};

/// Why a request is refused. The answer is `{"error": {"code", "message"}}`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum AdminError {
    #[error("this needs a token: send the one of the server's setting {0} as `Authorization: Bearer …`")]
    NoToken(&'static str),
    #[error("the token is not the one of the server's setting {0}")]
    WrongToken(&'static str),
    #[error("too many wrong tokens came from this address: try again in {0} s")]
    TooManyGuesses(u64),
    #[error(
        "there is nothing here: GET status, rooms, rooms/UUID, connections and nodes are, DELETE rooms/UUID and \
         connections/ADDRESS"
    )]
    NotFound,
    #[error("there is no room with this uuid: it is mistyped or closed")]
    UnknownRoom,
    #[error("{0} is no IP address")]
    NoAddress(String),
    #[error("only {0} is possible here")]
    Method(&'static str),
    #[error("{0}")]
    Query(String),
    #[error("the server can't store the end of the room, and is about to end: its log says why")]
    NotKept,
    #[error("the cluster can't say now whether there is this room: try again in a second")]
    Unavailable,
}

#[derive(Serialize)]
struct Body<'a> {
    error: ErrorFields<'a>,
}

#[derive(Serialize)]
struct ErrorFields<'a> {
    code: &'a str,
    message: String,
}

impl AdminError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoToken(_) | Self::WrongToken(_) => StatusCode::UNAUTHORIZED,
            Self::TooManyGuesses(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NotFound | Self::UnknownRoom => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoAddress(_) | Self::Query(_) => StatusCode::BAD_REQUEST,
            Self::NotKept | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoToken(_) | Self::WrongToken(_) => "unauthorized",
            Self::TooManyGuesses(_) => "rate_limited",
            Self::NotFound => "not_found",
            Self::UnknownRoom => "unknown_room",
            Self::Method(_) => "method_not_allowed",
            Self::NoAddress(_) | Self::Query(_) => "bad_request",
            Self::NotKept => "not_kept",
            Self::Unavailable => "unavailable",
        }
    }

    /// The header that belongs to the status (RFC 9110 sections 10.2.1, 10.2.3 and 11.6.1, RFC 6750
    /// section 3).
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let challenge = |value| Some((WWW_AUTHENTICATE, HeaderValue::from_static(value)));
        match self {
            Self::NoToken(_) => challenge("Bearer realm=\"rtbroadcaster\""),
            Self::WrongToken(_) => challenge("Bearer realm=\"rtbroadcaster\", error=\"invalid_token\""),
            Self::TooManyGuesses(seconds) => Some((RETRY_AFTER, (*seconds).into())),
            Self::Method(methods) => Some((ALLOW, HeaderValue::from_static(methods))),
            _ => None,
        }
    }
}

impl Reply for AdminError {
    fn into_response(self) -> Response {
        let body = Body { error: ErrorFields { code: self.code(), message: self.to_string() } };
        let reply = warp::reply::with_status(warp::reply::json(&body), self.status());
        let mut response = warp::reply::with_header(reply, CACHE_CONTROL, "no-store").into_response();
        if let Some((name, value)) = self.header() {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
