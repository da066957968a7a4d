//! `rooms/{uuid}/recordings`: which recordings a room has, and each of them, also after the room's
//! end.

mod download;
mod range;

use rtbroadcaster_protocol::{Host, Operation, Refusal, RefusalCode, Room, RoomId};
use serde_json::{Value, json};
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use super::authorisation::prepare;
use super::error::HttpError;
use super::headers;
use super::json::json_answer;
use super::request::Request;
use crate::Manager;
use crate::connection::ConnectionHost;
use crate::recording::{Part, PartId, PartState};

/// The recordings that the client may have.
struct Permitted {
    room: RoomId,
    parts: Vec<(u64, Part)>,
    /// Whether the client has shown the owner key.
    is_owner: bool,
}

/// Lists the recordings of a room.
pub(super) async fn list(manager: &Manager, request: &Request, uuid: &str) -> Result<Response, HttpError> {
    let Permitted { parts, .. } = permitted(manager, request, uuid).await?;
    let recordings: Vec<_> = parts.iter().map(|(number, part)| described(*number, part)).collect();
    Ok(json_answer(StatusCode::OK, json!({"recordings": recordings}).to_string()))
}

/// Hands out a recording, or deletes it.
pub(super) async fn one(
    manager: &Manager,
    request: &Request,
    (uuid, number): (&str, u64),
) -> Result<Response, HttpError> {
    let Permitted { room, parts, is_owner } = permitted(manager, request, uuid).await?;
    let part = parts.into_iter().find(|(other, _)| *other == number).ok_or_else(unknown_part)?.1;
    let id = PartId { room, part: number };
    if request.method == Method::DELETE {
        if !is_owner {
            return Err(without_owner_key(headers::bearer(&request.headers)?));
        }
        return delete(manager, id, &part).await;
    }
    download::send(manager, request, id, &part).await
}

async fn delete(manager: &Manager, id: PartId, part: &Part) -> Result<Response, HttpError> {
    if part.state == PartState::Running {
        let message = "the room is being recorded: end that first (\"record\": false)";
        return Err(HttpError::Malformed(message.to_owned()));
    }
    manager.services().recordings.delete(id).await.map_err(|error| download::broken(&error))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Checks what a client may have: with the owner key all recordings of the room, whether it lives
/// or not. Without it those that are shared, as long as the client may follow the room.
async fn permitted(manager: &Manager, request: &Request, uuid: &str) -> Result<Permitted, HttpError> {
    let services = manager.services();
    let bearer = headers::bearer(&request.headers)?;
    let mut host = ConnectionHost::new(services.clone(), request.remote());
    let now = manager.now();
    host.may_ask_for_room(now)?;
    let room = RoomId::parse(uuid).ok_or(RefusalCode::UnknownRoom)?;
    let parts = services.recordings.of_room(room);
    let live = services.rooms.find(room);
    if live.is_none() && parts.is_empty() {
        host.note_unknown_room(room, now);
        return Err(RefusalCode::UnknownRoom.into());
    }
    if let Some(key) = bearer.map(|bearer| host.digest(bearer)) {
        let of_room = live.as_ref().and_then(|live| live.look(Room::owner_key_digest));
        let of_part = parts.first().map(|(_, part)| part.key);
        if of_room.or(of_part) == Some(key) {
            return Ok(Permitted { room, parts, is_owner: true });
        }
    }
    let shared: Vec<_> = parts.into_iter().filter(|(_, part)| part.is_shared).collect();
    if live.is_none() || shared.is_empty() {
        return Err(without_owner_key(bearer));
    }
    let operation = Operation::Join(room);
    if !host.permissions(operation, bearer)?.allow(operation) {
        return Err(RefusalCode::Forbidden.into());
    }
    prepare(manager, request, operation, bearer, None).await?;
    Ok(Permitted { room, parts: shared, is_owner: false })
}

fn unknown_part() -> Refusal {
    let message = "the room has no recording of this number that you may have: GET …/recordings lists them";
    Refusal::with_message(RefusalCode::UnknownRoom, message)
}

/// Why a client that has not shown the owner key may not do what needs it.
fn without_owner_key(bearer: Option<&str>) -> HttpError {
    bearer.map_or(HttpError::OwnerKeyMissing, |_| RefusalCode::WrongOwnerKey.into())
}

fn described(number: u64, part: &Part) -> Value {
    let mut described = json!({
        "part": number,
        "started": part.started_ms,
        "duration": part.lasted_ms,
        "bytes": part.bytes,
        "shared": part.is_shared,
    });
    match &part.state {
        PartState::Running => {}
        PartState::Ended(why) => described["end"] = why.as_str().into(),
        PartState::Cut => described["end"] = "killed".into(),
    }
    described
}
