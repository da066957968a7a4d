//! The errors of the HTTP routes, answered with an HTTP status and JSON.

use rtbroadcaster_protocol::{Delay, Refusal, RefusalCode};
use serde_json::{Value, json};
use warp::http::header::{ALLOW, CONNECTION, RETRY_AFTER, WWW_AUTHENTICATE};
use warp::http::{HeaderValue, StatusCode};
use warp::reply::{Reply, Response};

use super::json::json_answer;
use crate::admission::{HandshakeError, NotAdmitted, RETRY_WHEN_FULL};
use crate::manager::Manager;
use crate::publish::PublishError;

/// The wait to suggest when a connection or a room must end first, in milliseconds.
const RETRY_WHEN_FULL_MS: u64 = 1_000 * RETRY_WHEN_FULL;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HttpError {
    /// The room or the manager refuses it, as on a websocket.
    Refused(Refusal),
    /// The request itself is malformed.
    Malformed(String),
    /// Pages of this origin may not send requests.
    Origin(String),
    /// The server isn't to be asked under this name.
    Host(String),
    /// The target doesn't take this method. It takes those that are listed here.
    Method(&'static str),
    /// The body has a media type that isn't accepted. The accepted ones are listed here.
    MediaType(&'static str),
    /// The body has more than this many bytes.
    TooLarge(usize),
    /// The body didn't come in time.
    TooSlow,
    /// The connection limit is reached, in total or for this address, or the server is shutting
    /// down.
    NotAdmitted(NotAdmitted),
    /// A bug of ours.
    Broken,
    /// The request has no owner key.
    OwnerKeyMissing,
    /// `Authorization` has another scheme than `Bearer`.
    Scheme,
    /// The action's answer isn't recorded any more.
    StaleId,
    /// Another claim of the room's ownership is in force.
    Superseded,
}

impl From<Refusal> for HttpError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<RefusalCode> for HttpError {
    fn from(code: RefusalCode) -> Self {
        Self::Refused(code.into())
    }
}

impl From<NotAdmitted> for HttpError {
    fn from(reason: NotAdmitted) -> Self {
        Self::NotAdmitted(reason)
    }
}

impl HttpError {
    /// The client should come back later, or go to another server.
    pub(super) fn shutting_down(manager: &Manager) -> Self {
        NotAdmitted::ShuttingDown { wait_ms: manager.settings().limits.return_window_ms }.into()
    }

    /// The client may ask again after this time.
    pub(super) fn too_many(wait: Delay) -> Self {
        Refusal::until_later(RefusalCode::RateLimited, wait.milliseconds()).into()
    }

    /// What was done may be kept or not: the server ends, or its cluster is out of reach.
    pub(super) fn not_kept(manager: &Manager) -> Self {
        if manager.is_shutting_down() || !manager.shares_rooms() {
            Self::shutting_down(manager)
        } else {
            unavailable()
        }
    }

    /// Why nothing was done to a room. After [`PublishError::NotKept`] the client may ask again: an
    /// answer that is known is repeated.
    pub(super) fn unpublished(error: PublishError, manager: &Manager) -> Self {
        match error {
            PublishError::Refused(RefusalCode::NotOwner) => Refusal::somebody_else_drives().into(),
            PublishError::Refused(code) => code.into(),
            PublishError::Superseded => Self::Superseded,
            PublishError::TooFast(pause) => too_fast(pause).into(),
            PublishError::ShuttingDown => Self::shutting_down(manager),
            PublishError::NotKept => Self::not_kept(manager),
            PublishError::Lost => unavailable(),
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Refused(refusal) => status_of(refusal),
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Origin(_) | Self::Host(_) => StatusCode::FORBIDDEN,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NotAdmitted(reason) => HandshakeError::from(*reason).status(),
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
            Self::OwnerKeyMissing | Self::Scheme => StatusCode::UNAUTHORIZED,
            Self::StaleId | Self::Superseded => StatusCode::CONFLICT,
        }
    }

    /// `error.code`. Where the wire has a code for it, it is that code.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.code,
            Self::Malformed(_) => RefusalCode::Malformed.as_str(),
            Self::Origin(_) => "origin_not_allowed",
            Self::Host(_) => "host_not_allowed",
            Self::Method(_) => "method_not_allowed",
            Self::MediaType(_) => "unsupported_media_type",
            Self::TooLarge(_) => RefusalCode::MessageTooLarge.as_str(),
            Self::TooSlow => "request_timeout",
            Self::NotAdmitted(NotAdmitted::Full | NotAdmitted::TooMany { .. }) => "overloaded",
            Self::NotAdmitted(NotAdmitted::AddressFull) => "too_many_connections",
            Self::NotAdmitted(NotAdmitted::TooManyOfAddress { .. }) => RefusalCode::RateLimited.as_str(),
            Self::NotAdmitted(NotAdmitted::ShuttingDown { .. }) => "shutting_down",
            Self::Broken => "internal_error",
            Self::OwnerKeyMissing | Self::Scheme => RefusalCode::Unauthorized.as_str(),
            Self::StaleId => "stale_id",
            Self::Superseded => "superseded",
        }
    }

    /// `error.message`: what is wrong and what to do, for a person.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Refused(refusal) if refusal.message == RefusalCode::Unauthorized.message() => {
                "this needs a token: docs/http.md says in which header".to_owned()
            }
            Self::Refused(refusal) => refusal.message.clone(),
            Self::Malformed(why) => why.clone(),
            Self::Origin(origin) => format!(
                "pages of the origin {origin} may not ask here: the server's --allow-origin (access.allow-origin) says \
                 which may"
            ),
            Self::Host(host) => HandshakeError::Host(host.clone()).to_string(),
            Self::Method(methods) => format!("this path takes {methods}"),
            Self::MediaType(types) => format!("send the body with the header Content-Type: {types}"),
            Self::TooLarge(limit) => format!("the body may have {limit} bytes: send less at a time"),
            Self::TooSlow => "the body did not come in time".to_owned(),
            Self::NotAdmitted(reason) => HandshakeError::from(*reason).to_string(),
            Self::Broken => "a bug of the server: its log says more".to_owned(),
            Self::OwnerKeyMissing => {
                "this needs the room's owner key, as Authorization: Bearer OWNER_KEY".to_owned()
            }
            Self::Scheme => "Authorization must be: Bearer, a space, and the token or key".to_owned(),
            Self::StaleId => {
                "ids count up within a session, and this one is below those that the room has: what became \
                              of its action is not known any more, or it was never sent"
                    .to_owned()
            }
            Self::Superseded => "another claim of the room's ownership is in force by now".to_owned(),
        }
    }

    /// How long to wait before the same request is sent again.
    pub(super) fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Refused(refusal) => {
                refusal.retry_after_ms.or_else(|| refusal.may_pass_later().then_some(RETRY_WHEN_FULL_MS))
            }
            Self::NotAdmitted(NotAdmitted::Full | NotAdmitted::AddressFull) => Some(RETRY_WHEN_FULL_MS),
            Self::NotAdmitted(
                NotAdmitted::TooMany { wait_ms }
                | NotAdmitted::TooManyOfAddress { wait_ms }
                | NotAdmitted::ShuttingDown { wait_ms },
            ) => Some(*wait_ms),
            _ => None,
        }
    }

    /// The field `error` of an answer.
    pub(super) fn to_json(&self) -> Value {
        let mut error = json!({"code": self.code(), "message": self.message()});
        if let Some(wait) = self.retry_after_ms() {
            error["retryAfterMs"] = wait.into();
        }
        error
    }
}

impl Reply for HttpError {
    fn into_response(self) -> Response {
        let mut response = json_answer(self.status(), json!({"error": self.to_json()}).to_string());
        let headers = response.headers_mut();
        if let Some(wait) = self.retry_after_ms() {
            // RFC 9110 section 10.2.3 counts in seconds.
            headers.insert(RETRY_AFTER, HeaderValue::from(wait.div_ceil(1_000)));
        }
        match self {
            Self::Method(methods) => drop(headers.insert(ALLOW, HeaderValue::from_static(methods))),
            // The rest of the body isn't awaited.
            Self::TooLarge(_) | Self::TooSlow => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ if response.status() == StatusCode::UNAUTHORIZED => {
                response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response
    }
}

/// The refusal of a post that came too fast. No action of it was appended, so the client may send
/// it again unchanged.
fn too_fast(pause: Delay) -> Refusal {
    let why = "more actions come to this room than it takes in a second: send this again later";
    Refusal {
        retry_after_ms: Some(pause.milliseconds()),
        ..Refusal::with_message(RefusalCode::RateLimited, why)
    }
}

/// The refusal of what the cluster doesn't take now.
fn unavailable() -> HttpError {
    Refusal::until_later(RefusalCode::Unavailable, RETRY_WHEN_FULL_MS).into()
}

fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal.known_code() {
        Some(RefusalCode::UnknownRoom) => StatusCode::NOT_FOUND,
        Some(RefusalCode::WrongOwnerKey | RefusalCode::Forbidden | RefusalCode::NotOwner) => {
            StatusCode::FORBIDDEN
        }
        Some(RefusalCode::Unauthorized) => StatusCode::UNAUTHORIZED,
        Some(RefusalCode::RateLimited) => StatusCode::TOO_MANY_REQUESTS,
        Some(RefusalCode::MessageTooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        Some(RefusalCode::TooManySlots | RefusalCode::StateTooLarge | RefusalCode::NotInRoom) => {
            StatusCode::CONFLICT
        }
        Some(
            RefusalCode::KeysUnavailable
            | RefusalCode::Unavailable
            | RefusalCode::RoomFull
            | RefusalCode::TooManyRooms,
        ) => StatusCode::SERVICE_UNAVAILABLE,
        Some(
            RefusalCode::Malformed
            | RefusalCode::ParamsTooDeep
            | RefusalCode::UnknownStatus
            | RefusalCode::UnsupportedVersion
            | RefusalCode::AlreadyInRoom,
        )
        | None => StatusCode::BAD_REQUEST,
    }
}
