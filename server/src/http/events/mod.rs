//! `GET rooms/{uuid}/events`: follows a room by server-sent events. The stream is a connection like
//! a websocket.

mod pipe;

use std::borrow::Cow;

use rtbroadcaster_protocol::{
    Claim, ClaimKind, ClientMessage, Join, PROTOCOL_VERSION, RecordingWish, RequestedEntry, RoomCode, RoomId,
};
use tracing::debug_span;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Reply;

use super::answer::{Answer, TakenOver};
use super::authorisation::prepare;
use super::code;
use super::error::HttpError;
use super::headers::{self, Query};
use super::reply::first_reply;
use super::request::Request;
use crate::connection::{Connection, ConnectionState, EventFraming, Framing, Takeover, Transport};
use crate::manager::Manager;
use crate::remote_address::RemoteAddress;
use pipe::pipe;

/// nginx and other proxies that know this header don't buffer the events.
const BUFFERING: &str = "x-accel-buffering";

/// Follows a room. With a key it claims the room, or enters as a member, as a websocket would.
pub(super) async fn follow(manager: &Manager, request: &Request, uuid: &str) -> Result<Answer, HttpError> {
    let query = Query::parse(&request.query)?;
    let mut join = join(request, &query, uuid)?;
    let admission = manager.admit(request.remote())?;
    if RoomId::parse(uuid).is_none() && RoomCode::parse(uuid).is_some() {
        let found = code::look_up(manager, request, uuid).await;
        let room = found.inspect_err(|refusal| manager.metrics().refused(refusal))?;
        join.uuid = room.to_string().into();
    }
    if let Some(room) = RoomId::parse(&join.uuid) {
        let operation = RequestedEntry::Join(room, &join).operation();
        let decision = prepare(manager, request, operation, join.token.as_deref(), join.since).await;
        decision.inspect_err(|refusal| manager.metrics().refused(refusal))?;
    }
    let framing = Framing::Events(EventFraming::new());
    let mut state = ConnectionState::new(manager.services().clone(), request.remote(), framing);
    state.peer.receive(Ok(ClientMessage::Join(join)), manager.now(), &mut state.host);
    if !state.peer.is_in_room() {
        first_reply(&mut state.peer, &mut state.host)?;
    }
    state.note_entered();
    // From here on nothing waits, so the client is in the room only with a connection.
    let remote = request.remote.map(|RemoteAddress(address)| address.to_string());
    let span = debug_span!("events", remote);
    let taken = request.takeover.as_ref().and_then(Takeover::take);
    let (mut response, events) = if let Some(transport) = taken {
        let admission = admission.with_socket(request.socket.clone());
        let connection = Connection::new(state, transport, admission);
        (StatusCode::OK.into_response(), Some(TakenOver::new(connection, span)))
    } else {
        let (writer, reader) = pipe();
        let connection = Connection::new(state, Transport::from_stream(writer), admission);
        span.in_scope(|| manager.start(connection, &mut []));
        (warp::reply::stream(reader).into_response(), None)
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert(BUFFERING, HeaderValue::from_static("no"));
    Ok(Answer { response, events })
}

fn join<'a>(request: &'a Request, query: &'a Query, uuid: &'a str) -> Result<Join<'a>, HttpError> {
    // What belongs to a claim must be right without one too, or a misspelt header went unnoticed.
    let claim = Claim {
        key: Cow::Borrowed(""),
        kind: claim_kind(query)?,
        session: query.text("session").map(headers::session).transpose()?.map(Into::into),
        acknowledged: query.number("ack")?,
        epoch: query.number("epoch")?,
        share_audience: query.flag("shareAudience")?,
        share_roster: query.flag("shareRoster")?,
    };
    let session = claim.session.clone();
    let claim = match (headers::owner_key_to_claim(&request.headers)?, headers::invite(&request.headers)?) {
        (Some(_), Some(_)) => return Err(headers::two_keys()),
        (Some(key), None) => Some(Claim { key: key.into(), ..claim }),
        (None, Some(key)) => Some(Claim { key: key.into(), kind: ClaimKind::Presenter, ..claim }),
        (None, None) => None,
    };
    Ok(Join {
        uuid: uuid.into(),
        version: Some(PROTOCOL_VERSION),
        since: headers::since(&request.headers, query)?,
        claim,
        clock: query.flag("clock")?,
        record: recording_wish(query)?,
        name: headers::name(&request.headers)?.map(Into::into),
        session,
        token: headers::bearer(&request.headers)?.map(Into::into),
    })
}

/// Whether the creator's claim takes the right to write from who has it.
fn claim_kind(query: &Query) -> Result<ClaimKind, HttpError> {
    let drives = query.text("drive").is_none() || query.flag("drive")?;
    Ok(if drives { ClaimKind::Takes } else { ClaimKind::Creator })
}

/// Whether an owner wants its room recorded.
fn recording_wish(query: &Query) -> Result<Option<RecordingWish>, HttpError> {
    match query.text("record") {
        None | Some("false") => Ok(None),
        Some("true") => Ok(Some(RecordingWish::Start { shared: false })),
        Some("shared") => Ok(Some(RecordingWish::Start { shared: true })),
        Some(_) => Err(HttpError::Malformed("record must be true, false or shared".to_owned())),
    }
}
