//! The rooms over plain HTTP, for those without a websocket: open one, act on it, close it, and follow it as
//! server-sent events.
//!
//! What is allowed is decided where it is for websockets: by a [`Peer`](rtbroadcaster_protocol::Peer) and the room.

mod actions;
mod authorisation;
mod body;
mod cors;
mod create;
mod error;
mod events;
mod hang_up;
mod headers;
mod pipe;
mod remove;
mod reply;
mod target;

use std::net::IpAddr;

use tracing::debug;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use warp::http::{HeaderMap, HeaderValue, Method, StatusCode};
use warp::path::Tail;
use warp::reply::{Reply, Response};

use crate::admission::HandshakeError;
use crate::{Manager, RemoteAddress};
use body::Body;
use error::HttpError;
use target::Target;

pub use hang_up::HangUp;

/// What programs read to know all of this (`OpenAPI` 3.1).
const OPEN_API: &str = include_str!("openapi.json");

/// A request for one of our targets.
struct Request {
    method: Method,
    headers: HeaderMap,
    query: String,
    remote: Option<RemoteAddress>,
    hang_up: Option<HangUp>,
}

impl Request {
    fn remote(&self) -> Option<IpAddr> {
        self.remote.map(|RemoteAddress(address)| address.ip())
    }
}

/// What stands below the path where the rooms are mounted; whatever isn't ours there is rejected.
pub(crate) fn routes(manager: &Manager) -> BoxedFilter<(Response,)> {
    let manager = manager.clone();
    let target = warp::path::tail().and_then(|tail: Tail| async move {
        Target::parse(tail.as_str()).ok_or_else(warp::reject::not_found)
    });
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let request = warp::method()
        .and(warp::header::headers_cloned())
        .and(query)
        .and(warp::ext::optional::<RemoteAddress>())
        .and(warp::ext::optional::<HangUp>())
        .map(|method, headers, query, remote, hang_up| Request { method, headers, query, remote, hang_up });
    target
        .and(request)
        .and(warp::body::stream())
        .then(move |target, request, body| answer(manager.clone(), target, request, Body::new(body)))
        .boxed()
}

/// Answers a request, whatever it is, by JSON or by events.
async fn answer(manager: Manager, target: Target, request: Request, body: Body) -> Response {
    let origin = match cors::origin(&manager.settings().origins, &request.headers) {
        Ok(origin) => origin,
        Err(error) => {
            error.log(&request);
            error.count(&manager, &target);
            return error.into_response();
        }
    };
    let answered = if request.method == Method::OPTIONS {
        Ok(options(&target))
    } else {
        dispatch(&manager, &target, &request, body).await
    };
    let mut response = answered.unwrap_or_else(|error| {
        error.log(&request);
        error.count(&manager, &target);
        error.into_response()
    });
    cors::admit(&mut response, origin);
    response
}

async fn dispatch(
    manager: &Manager,
    target: &Target,
    request: &Request,
    body: Body,
) -> Result<Response, HttpError> {
    let is_refused = match target {
        // Nothing begins any more. By the document pages find out whether to go this way at all.
        Target::OpenApi | Target::Rooms => manager.is_shutting_down(),
        // Rooms go on until who is in them is sent away.
        Target::Room(_) | Target::Actions(_) | Target::Events(_) => manager.is_draining(),
    };
    if is_refused {
        return Err(HttpError::shutting_down(manager));
    }
    match (target, &request.method) {
        (Target::OpenApi, &Method::GET | &Method::HEAD) => Ok(json(StatusCode::OK, OPEN_API.to_owned())),
        (Target::Rooms, &Method::POST) => create::create(manager, request, body).await,
        (Target::Room(uuid), &Method::DELETE) => remove::remove(manager, request, uuid),
        (Target::Actions(uuid), &Method::POST) => actions::append(manager, request, uuid, body).await,
        (Target::Events(uuid), &Method::GET) => events::follow(manager, request, uuid),
        _ => Err(HttpError::Method(target.methods())),
    }
}

/// The answer to `OPTIONS`, a browser's preflight included.
fn options(target: &Target) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(target.methods()));
    cors::preflight(response.headers_mut(), target.methods());
    response
}

/// An answer in JSON, which nobody may keep: it holds secrets, or is only true now.
fn json(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl HttpError {
    /// Counts it among what is refused to websockets.
    fn count(&self, manager: &Manager, target: &Target) {
        match self {
            // A peer has counted its own; a post and a removal have none.
            Self::Refused(refusal) if matches!(target, Target::Room(_) | Target::Actions(_)) => {
                manager.metrics().refused(refusal);
            }
            Self::NotAdmitted(reason) if *target != Target::OpenApi => {
                manager.metrics().handshake_refused(&(*reason).into());
            }
            Self::Origin(origin) => {
                manager.metrics().handshake_refused(&HandshakeError::Origin(origin.clone()));
            }
            _ => {}
        }
    }

    fn log(&self, request: &Request) {
        let remote = request.remote.map(|RemoteAddress(address)| address.to_string());
        debug!(remote, method = %request.method, status = %self.status(), "request refused: {}", self.message());
    }
}
