//! `POST rooms/{uuid}/requests`: what members and followers without a websocket ask about the right
//! to write.

use rtbroadcaster_protocol::{ClientMessage, Host, MadeKey, Question, RefusalCode, parse};
use warp::http::StatusCode;
use warp::reply::Response;

use crate::Manager;
use crate::connection::ConnectionHost;
use crate::http::authorisation::{authorise_follower, authorise_member, check_address};
use crate::http::body::Body;
use crate::http::error::HttpError;
use crate::http::headers;
use crate::http::json::json_answer;
use crate::http::request::Request;

/// Answers one question, as a websocket would be answered, once what it changes is kept.
pub(in crate::http) async fn ask(
    manager: &Manager,
    request: &Request,
    uuid: &str,
    body: Body,
) -> Result<Response, HttpError> {
    check_address(manager, request)?;
    let mut host = ConnectionHost::new(manager.services().clone(), request.remote());
    host.may_ask_for_room(manager.now())?;
    if headers::media_type(&request.headers)?.as_deref() != Some("application/json") {
        return Err(HttpError::MediaType("application/json"));
    }
    let session = headers::asking_session(&request.headers)?;
    // What is asked says which right it needs.
    let text = body.text(manager, manager.settings().limits.message_bytes).await?;
    let (ask, question) = read(&text, host.params_depth())?;
    let room = match question {
        Question::Request { .. } => authorise_follower(manager, request, uuid).await?,
        _ => authorise_member(manager, request, uuid).await?,
    };
    let made = MadeKey { digest: question.key().map(|key| host.digest(key)), random: host.random() };
    let asked = room.ask((ask, &question), made, session).await;
    let answer = asked.map_err(|error| HttpError::unpublished(error, manager))??;
    Ok(json_answer(StatusCode::OK, answer))
}

/// The only message of the body.
fn read(text: &str, params_depth: usize) -> Result<(u64, Question<'_>), HttpError> {
    let mut messages = parse::client_messages(text, params_depth);
    match (messages.next(), messages.next()) {
        (Some(Ok(ClientMessage::Ask { ask, question })), None) if !matches!(question, Question::Roster(_)) => {
            Ok((ask, question))
        }
        (Some(Err(refusal)), None) if refusal.known_code() != Some(RefusalCode::UnknownStatus) => {
            Err(refusal.into())
        }
        _ => Err(HttpError::Malformed(
            "the body must be one object with \"ask\", and \"invite\", \"request\", \"refuse\", \"revoke\" or \
             \"takeBack\""
                .to_owned(),
        )),
    }
}
