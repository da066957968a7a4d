//! `rooms/{uuid}/lanes`: what a follower without a websocket says on a lane, and how many said
//! what, for the bearer of the owner key.

use rtbroadcaster_protocol::{
    ClientMessage, Host, LaneMessage, LaneOutcome, LaneWord, Refusal, RefusalCode, Room, RoomId, Speaker,
    parse, voter,
};
use serde_json::json;
use warp::http::StatusCode;
use warp::reply::Response;

use crate::Manager;
use crate::connection::ConnectionHost;
use crate::http::authorisation::{authorise_reader, check_address, may_join};
use crate::http::body::Body;
use crate::http::error::HttpError;
use crate::http::headers;
use crate::http::json::json_answer;
use crate::http::request::Request;

/// Says how many said what.
pub(in crate::http) async fn tell(
    manager: &Manager,
    request: &Request,
    uuid: &str,
) -> Result<Response, HttpError> {
    let told = authorise_reader(manager, request, uuid, Room::rendered_lanes).await?;
    Ok(json_answer(StatusCode::OK, told))
}

/// Takes one message on a lane. A vote is answered once it is kept.
pub(in crate::http) async fn speak(
    manager: &Manager,
    request: &Request,
    uuid: &str,
    body: Body,
) -> Result<Response, HttpError> {
    check_address(manager, request)?;
    let mut host = ConnectionHost::new(manager.services().clone(), request.remote());
    let id = may_join(manager, request, &mut host, uuid).await?;
    if headers::media_type(&request.headers)?.as_deref() != Some("application/json") {
        return Err(HttpError::MediaType("application/json"));
    }
    let text = body.text(manager, manager.settings().limits.message_bytes).await?;
    let message = read(&text, host.params_depth())?;
    take(manager, &mut host, id, &message).await
}

/// The only message of the body.
fn read(text: &str, params_depth: usize) -> Result<LaneMessage<'_>, HttpError> {
    let mut messages = parse::client_messages(text, params_depth);
    match (messages.next(), messages.next()) {
        (Some(Ok(ClientMessage::Speak(message))), None) => Ok(message),
        (Some(Err(refusal)), None) if refusal.known_code() != Some(RefusalCode::UnknownStatus) => {
            Err(refusal.into())
        }
        _ => Err(HttpError::Malformed(
            "the body must be one object with \"lane\", and \"say\", \"react\" or \"vote\"".to_owned(),
        )),
    }
}

async fn take(
    manager: &Manager,
    host: &mut ConnectionHost,
    id: RoomId,
    message: &LaneMessage<'_>,
) -> Result<Response, HttpError> {
    let now = manager.now();
    let Some(lanes) = host.lanes(id) else {
        host.note_unknown_room(id, now);
        return Err(RefusalCode::UnknownRoom.into());
    };
    // Not before: what is refused must not hold up what others say.
    manager.services().lane_traffic.try_count(now).map_err(HttpError::too_many)?;
    let mut speaker = Speaker::default();
    if let LaneWord::Vote { session, .. } = &message.word {
        speaker.voter = Some(voter(id, session.as_deref(), host)?);
    }
    let (outcome, alarm) = lanes.with(|lanes| lanes.take(message, &mut speaker, now));
    if let Some(moment) = alarm {
        host.wake_at(id, moment);
    }
    host.note_lane_message(&message.word, &outcome);
    match outcome {
        LaneOutcome::Refused(refusal) => Err(refusal.into()),
        LaneOutcome::TooSoon { wait_ms } => {
            Err(Refusal::until_later(RefusalCode::RateLimited, wait_ms).into())
        }
        LaneOutcome::Taken | LaneOutcome::Dropped => Ok(json_answer(StatusCode::ACCEPTED, "{}".to_owned())),
        LaneOutcome::Voted { batch, option, number } => {
            let room = manager.services().rooms.find(id).ok_or(RefusalCode::UnknownRoom)?;
            // It is staged with the others of its second.
            room.until_voted(batch).await.map_err(|_| HttpError::not_kept(manager))?;
            let voted = json!({"lane": message.lane, "voted": option, "n": number});
            Ok(json_answer(StatusCode::OK, voted.to_string()))
        }
    }
}
