//! `POST rooms/{uuid}/actions`: appends actions of an owner that has no connection.

use std::iter;
use std::time::Duration;

use rtbroadcaster_protocol::{Delay, Host, Lag, Post, Posted, RecordedAnswer, Refusal, RefusalCode, Room};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use warp::http::StatusCode;
use warp::reply::Response;

use super::authorisation::{OwnedRoom, authorise_owner};
use super::body::Body;
use super::error::HttpError;
use super::headers;
use super::headers::Query;
use super::json::json_answer;
use super::request::Request;
use crate::Manager;
use crate::connection::{WAIT_FOR_MOST, WAIT_FOR_SOME};

/// How often a room that lags is checked. No post is late by more.
const LAG_CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// The form of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyForm {
    /// One action, as a JSON object.
    One,
    /// Several actions, one on each line.
    Lines,
}

/// Appends one action or several, and answers for each. If the query names an epoch, it must be the
/// one in force.
pub(super) async fn append(
    manager: &Manager,
    request: &Request,
    uuid: &str,
    body: Body,
) -> Result<Response, HttpError> {
    // Nothing else is judged of a client that may not act, nor its body read.
    let mut owned_room = authorise_owner(manager, request, uuid)?;
    let form = match headers::media_type(&request.headers)?.as_deref() {
        Some("application/json") => BodyForm::One,
        Some("application/x-ndjson") => BodyForm::Lines,
        _ => return Err(HttpError::MediaType("application/json, or application/x-ndjson for several lines")),
    };
    let session = headers::idempotency_key(&request.headers)?;
    let epoch = Query::parse(&request.query)?.number("epoch")?;
    let text = body.text(manager, manager.settings().limits.message_bytes).await?;
    wait_for_room(manager, &mut owned_room).await;

    let post = Post { session };
    let appended = owned_room.with(manager, |room| {
        if manager.is_draining() {
            // Followers may be gone already.
            return Err(HttpError::shutting_down(manager));
        }
        if epoch.is_some_and(|epoch| epoch != room.epoch()) {
            return Err(HttpError::Superseded);
        }
        let now = manager.now();
        if let Some(pause) = room.pause(now) {
            return Err(too_fast(pause).into());
        }
        let posted = match form {
            BodyForm::One => post.append(room, iter::once(text.as_str()), now),
            BodyForm::Lines => post.append(room, text.lines(), now),
        };
        Ok((posted, room.mark()))
    })?;
    let (posted, mark) = appended?;
    if let Some(room) = owned_room.host.room() {
        room.serve();
    }
    owned_room.until_kept(manager, mark).await?;
    match form {
        BodyForm::One => {
            let posted = posted.into_iter().next();
            let posted = posted.ok_or_else(|| HttpError::Malformed("the body is empty".to_owned()))?;
            let (id, outcome) = (posted.id, outcome(posted.answer));
            outcome.map(|seq| json_answer(StatusCode::OK, with_id(json!({"seq": seq}), id).to_string()))
        }
        BodyForm::Lines => {
            for refusal in posted.iter().filter_map(Posted::refusal) {
                manager.metrics().refused(refusal);
            }
            let results: Vec<_> = posted.into_iter().map(result).collect();
            Ok(json_answer(StatusCode::OK, json!({"results": results}).to_string()))
        }
    }
}

/// Waits while the room lags, as long as an owner's connection isn't read in the same case.
async fn wait_for_room(manager: &Manager, owned_room: &mut OwnedRoom) {
    let started = Instant::now();
    let mut is_waiting = false;
    loop {
        let now = manager.now();
        let lag = |room: &mut Room| if is_waiting { room.lag(now) } else { room.lag_if_due(now) };
        let longest = match owned_room.host.with(owned_room.id, lag) {
            None | Some(Lag::No) => return,
            Some(Lag::Most) => WAIT_FOR_MOST,
            Some(Lag::Few) => WAIT_FOR_SOME,
        };
        if started.elapsed() >= longest {
            owned_room.host.with(owned_room.id, Room::give_up_on_laggards);
            return;
        }
        sleep(LAG_CHECK_INTERVAL).await;
        is_waiting = true;
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

/// The seq of an appended action, or the reason why it wasn't appended.
fn outcome(answer: RecordedAnswer) -> Result<u64, HttpError> {
    match answer {
        RecordedAnswer::Appended(seq) => Ok(seq),
        RecordedAnswer::Refused(refusal) => Err(refusal.into()),
        RecordedAnswer::Unknown => Err(HttpError::StaleId),
    }
}

/// The answer for one line.
fn result(posted: Posted) -> Value {
    let mut result = match outcome(posted.answer) {
        Ok(seq) => json!({"seq": seq}),
        Err(error) => json!({"error": error.to_json()}),
    };
    result["line"] = posted.line.into();
    with_id(result, posted.id)
}

fn with_id(mut answer: Value, id: Option<u64>) -> Value {
    if let Some(id) = id {
        answer["id"] = id.into();
    }
    answer
}
