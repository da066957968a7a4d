//! `POST rooms`: opens a room.

use std::borrow::Cow;
use std::net::IpAddr;

use rtbroadcaster_protocol::{
    ClientMessage, Create, Operation, PROTOCOL_VERSION, Peer, RecordingWish, RoomId,
};
use serde_json::Value;
use warp::http::header::LOCATION;
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

use super::authorisation::prepare;
use super::body::Body;
use super::error::HttpError;
use super::headers;
use super::json::json_answer;
use super::reply::first_reply;
use super::request::Request;
use crate::Manager;
use crate::connection::ConnectionHost;
use crate::journal::NotKept;
use crate::rooms::ReservedCode;

/// The largest body, in bytes. The fields need less, and holding this much for every client costs
/// little.
const MAX_OPTIONS_BYTES: usize = 4 * 1024;

/// Opens a room. The answer is the reply that a websocket would get. The owner counts as away,
/// because it has no connection.
pub(super) async fn create(manager: &Manager, request: &Request, body: Body) -> Result<Response, HttpError> {
    let token = headers::bearer(&request.headers)?;
    let media_type = headers::media_type(&request.headers)?;
    // The body isn't read for a client that may not open rooms.
    let allowed = match manager.authorise(Operation::Create, token) {
        Ok(()) => prepare(manager, request, Operation::Create, token, None).await,
        refused => refused,
    };
    if let Err(refusal) = allowed {
        manager.metrics().refused(&refusal);
        return Err(refusal.into());
    }
    let text = body.text(manager, MAX_OPTIONS_BYTES).await?;
    if !text.is_empty() && media_type.as_deref() != Some("application/json") {
        return Err(HttpError::MediaType("application/json"));
    }
    let create = Create { token: token.map(|token| Cow::Owned(token.to_owned())), ..options(&text)? };
    if matches!(create.record, Some(RecordingWish::Start { .. })) {
        manager.services().recordings.may_begin()?;
    }
    let reserved = match create.code {
        true => manager.services().reserve_code(request.remote()).await,
        false => Ok(None),
    };
    let reserved = reserved.inspect_err(|refusal| manager.metrics().refused(refusal))?;
    if manager.is_shutting_down() {
        // The shutdown may have begun while the body was awaited.
        return Err(HttpError::shutting_down(manager));
    }
    // A task of its own goes on when the client doesn't wait for the answer, so that the room never
    // counts an owner as present who is not.
    let opened = tokio::spawn(open(manager.clone(), create, reserved, request.remote())).await;
    let (reply, room) = opened.map_err(|_| HttpError::Broken)?;
    let mut response = json_answer(StatusCode::CREATED, reply?);
    // Relative to the request's path: only the application knows where the rooms are mounted.
    let location = room.map(|room| format!("rooms/{room}")).unwrap_or_default();
    let location = HeaderValue::try_from(location).expect("a uuid is ASCII");
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// Opens a room whose owner leaves at once. Returns the reply when the room is kept.
async fn open(
    manager: Manager,
    create: Create<'static>,
    reserved: Option<ReservedCode>,
    remote: Option<IpAddr>,
) -> (Result<String, HttpError>, Option<RoomId>) {
    let mut host = ConnectionHost::new(manager.services().clone(), remote);
    host.reserve(reserved);
    let mut peer = Peer::default();
    peer.receive(Ok(ClientMessage::Create(create)), manager.now(), &mut host);
    let kept = match host.room().cloned() {
        Some(room) => match room.with(|room| room.mark()) {
            Some(mark) => room.until_kept(mark).await,
            None => Err(NotKept::Ended),
        },
        None => Ok(()),
    };
    let reply = match kept {
        Ok(()) => first_reply(&mut peer, &mut host),
        Err(NotKept::Ended | NotKept::Lost) => Err(HttpError::not_kept(&manager)),
    };
    let room = peer.room();
    peer.disconnected(manager.now(), &mut host);
    (reply, room)
}

/// Reads the body: the session that will act, whether followers may know the audience and who is
/// there, whether the room gets a code, whether its pages are to estimate the server's clock, and
/// whether it is to be recorded.
fn options(text: &str) -> Result<Create<'static>, HttpError> {
    let version = Some(PROTOCOL_VERSION);
    if text.trim().is_empty() {
        return Ok(Create { version, ..Create::default() });
    }
    let malformed = |what: &str| HttpError::Malformed(what.to_owned());
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else {
        return Err(malformed("the body must be a JSON object, or nothing"));
    };
    let session = match fields.get("session") {
        None | Some(Value::Null) => None,
        Some(Value::String(session)) => Some(headers::session(session)?.to_owned()),
        Some(_) => return Err(malformed("\"session\" must be a string")),
    };
    let flag = |name: &str| match fields.get(name) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(HttpError::Malformed(format!("\"{name}\" must be true or false"))),
    };
    Ok(Create {
        version,
        session: session.map(Cow::Owned),
        share_audience: flag("shareAudience")?,
        code: flag("code")?,
        clock: flag("clock")?,
        share_roster: flag("shareRoster")?,
        record: recording_wish(fields.get("record"))?,
        token: None,
    })
}

/// Reads whether the room is to be recorded.
fn recording_wish(field: Option<&Value>) -> Result<Option<RecordingWish>, HttpError> {
    match field {
        None | Some(Value::Bool(false)) => Ok(None),
        Some(Value::Bool(true)) => Ok(Some(RecordingWish::Start { shared: false })),
        Some(Value::String(shared)) if shared == "shared" => Ok(Some(RecordingWish::Start { shared: true })),
        Some(_) => Err(HttpError::Malformed("\"record\" must be true, false or \"shared\"".to_owned())),
    }
}
