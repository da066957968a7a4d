//! `POST rooms/{uuid}/actions`: appends actions of an owner that has no connection.

use std::iter;

use rtbroadcaster_protocol::{Post, Posted, RecordedAnswer};
use serde_json::{Value, json};
use warp::http::StatusCode;
use warp::reply::Response;

use super::authorisation::authorise_publisher;
use super::body::Body;
use super::error::HttpError;
use super::headers;
use super::headers::Query;
use super::json::json_answer;
use super::request::Request;
use crate::Manager;

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
    let room = authorise_publisher(manager, request, uuid).await?;
    let form = match headers::media_type(&request.headers)?.as_deref() {
        Some("application/json") => BodyForm::One,
        Some("application/x-ndjson") => BodyForm::Lines,
        _ => return Err(HttpError::MediaType("application/json, or application/x-ndjson for several lines")),
    };
    let session = headers::idempotency_key(&request.headers)?;
    let epoch = Query::parse(&request.query)?.number("epoch")?;
    let text = body.text(manager, manager.settings().limits.message_bytes).await?;

    let post = Post { session };
    let posted = room.publish(epoch, |room, now| match form {
        BodyForm::One => post.append(room, iter::once(text.as_str()), now),
        BodyForm::Lines => post.append(room, text.lines(), now),
    });
    let posted = posted.await.map_err(|error| HttpError::unpublished(error, manager))?;
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
