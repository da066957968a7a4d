//! The rooms over plain HTTP, for clients without a websocket. They open a room, post actions,
//! close it, or follow it by server-sent events (docs/http.md).
//!
//! A [`Peer`](rtbroadcaster_protocol::Peer) and the room decide what is allowed, as they do for
//! websockets.

mod about;
mod actions;
mod answer;
mod audience;
mod authorisation;
mod body;
mod code;
mod cors;
mod create;
mod error;
mod events;
mod headers;
mod json;
mod recordings;
mod remove;
mod reply;
mod request;
mod target;

use tracing::debug;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::ALLOW;
use warp::http::{HeaderValue, Method, StatusCode};
use warp::path::Tail;
use warp::reply::{Reply, Response};

use crate::access::RequestParts;
use crate::admission::{HandshakeError, Socket};
use crate::connection::Takeover;
use crate::manager::Manager;
use crate::remote_address::RemoteAddress;
use answer::Answer;
use audience::{lanes, requests, roster};
use body::Body;
use error::HttpError;
use request::Request;
use target::Target;

pub(crate) use request::MountPath;

/// The filter for everything below the rooms' path. It rejects paths that are no [`Target`].
/// `remote` yields the client's address.
pub(crate) fn routes(
    manager: &Manager,
    remote: BoxedFilter<(Option<RemoteAddress>,)>,
) -> BoxedFilter<(Response,)> {
    #[cfg(feature = "cluster")]
    actions::take_posts(manager);
    let manager = manager.clone();
    let target = warp::path::tail().and_then(|tail: Tail| async move {
        Target::parse(tail.as_str()).ok_or_else(warp::reject::not_found)
    });
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let request = warp::method()
        .and(warp::path::full())
        .and(warp::header::headers_cloned())
        .and(query)
        .and(remote)
        .and(warp::ext::optional::<Takeover>())
        .and(warp::ext::optional::<Socket>())
        .and(warp::ext::optional::<MountPath>())
        .and(warp::ext::optional::<RequestParts>())
        .map(|method, path, headers, query, remote, takeover, socket, mount_path, parts| Request {
            method,
            path,
            headers,
            query,
            remote,
            takeover,
            socket,
            mount_path,
            parts,
        });
    target
        .and(request)
        .and(warp::body::stream())
        .then(move |target, request, body| answer(manager.clone(), target, request, Body::new(body)))
        .boxed()
}

/// Answers a request with JSON or with events.
async fn answer(manager: Manager, target: Target, request: Request, body: Body) -> Response {
    let origin = match cors::origin(manager.settings(), &request.headers) {
        Ok(origin) => origin,
        Err(error) => {
            error.log(&request);
            error.count(&manager, &target);
            return error.into_response();
        }
    };
    let answered = if request.method == Method::OPTIONS {
        Ok(options(&target).into())
    } else {
        dispatch(&manager, &target, &request, body).await
    };
    let mut answer = answered.unwrap_or_else(|error| {
        error.log(&request);
        error.count(&manager, &target);
        Answer::from(error.into_response())
    });
    cors::admit(&mut answer.response, origin);
    match answer.events {
        Some(events) => events.serve(&manager, &answer.response).await,
        None => answer.response,
    }
}

async fn dispatch(
    manager: &Manager,
    target: &Target,
    request: &Request,
    body: Body,
) -> Result<Answer, HttpError> {
    let is_refused = match target {
        // No room is opened any more. Pages read the document to find out whether to use HTTP at
        // all.
        Target::OpenApi | Target::Rooms => manager.is_shutting_down(),
        // Rooms stay open until their clients are sent away.
        Target::Code(_)
        | Target::Room(_)
        | Target::Actions(_)
        | Target::Events(_)
        | Target::Roster(_)
        | Target::Lanes(_)
        | Target::Requests(_)
        | Target::Recordings(_)
        | Target::Recording(..)
        | Target::Time => manager.services().is_draining(),
    };
    if is_refused {
        return Err(HttpError::shutting_down(manager));
    }
    match (target, &request.method) {
        (Target::OpenApi, &Method::GET | &Method::HEAD) => Ok(about::document(request).into()),
        (Target::Code(code), &Method::GET) => code::find(manager, request, code).await.map(Answer::from),
        (Target::Time, &Method::GET) => about::time(manager).map(Answer::from),
        (Target::Rooms, &Method::POST) => create::create(manager, request, body).await.map(Answer::from),
        (Target::Room(uuid), &Method::DELETE) => {
            remove::remove(manager, request, uuid).await.map(Answer::from)
        }
        (Target::Actions(uuid), &Method::POST) => {
            actions::append(manager, request, uuid, body).await.map(Answer::from)
        }
        (Target::Roster(uuid), &Method::GET) => roster::tell(manager, request, uuid).await.map(Answer::from),
        (Target::Lanes(uuid), &Method::GET) => lanes::tell(manager, request, uuid).await.map(Answer::from),
        (Target::Lanes(uuid), &Method::POST) => {
            lanes::speak(manager, request, uuid, body).await.map(Answer::from)
        }
        (Target::Requests(uuid), &Method::POST) => {
            requests::ask(manager, request, uuid, body).await.map(Answer::from)
        }
        (Target::Recordings(uuid), &Method::GET) => {
            recordings::list(manager, request, uuid).await.map(Answer::from)
        }
        (Target::Recording(uuid, part), &Method::GET | &Method::DELETE) => {
            recordings::one(manager, request, (uuid, *part)).await.map(Answer::from)
        }
        (Target::Events(uuid), &Method::GET) => events::follow(manager, request, uuid).await,
        _ => Err(HttpError::Method(target.methods())),
    }
}

/// The answer to `OPTIONS`, which includes a browser's preflight.
fn options(target: &Target) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(target.methods()));
    cors::preflight(response.headers_mut(), target.methods());
    response
}

impl HttpError {
    /// Counts the error among the refusals and refused handshakes of websockets.
    fn count(&self, manager: &Manager, target: &Target) {
        match self {
            // A peer counts its refusals itself. Only these two have one.
            Self::Refused(refusal) if !matches!(target, Target::Rooms | Target::Events(_)) => {
                manager.metrics().refused(refusal);
            }
            Self::NotAdmitted(reason) if *target != Target::OpenApi => {
                manager.metrics().handshake_refused(&(*reason).into());
            }
            Self::Origin(origin) => {
                manager.metrics().handshake_refused(&HandshakeError::Origin(origin.clone()));
            }
            Self::Host(host) => {
                manager.metrics().handshake_refused(&HandshakeError::Host(host.clone()));
            }
            _ => {}
        }
    }

    fn log(&self, request: &Request) {
        let remote = request.remote.map(|RemoteAddress(address)| address.to_string());
        debug!(remote, method = %request.method, status = %self.status(), "request refused: {}", self.message());
    }
}
