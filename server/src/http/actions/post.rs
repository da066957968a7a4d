//! The actions of a post, and what becomes of each.

use std::iter;

use rtbroadcaster_protocol::{Post, Posted, RecordedAnswer, Refusal, RefusalCode};
use serde_json::{Value, json};

use crate::Manager;
use crate::http::error::HttpError;
use crate::publish::DrivenRoom;

/// A post, as it was read.
#[derive(Debug, Clone)]
pub(super) struct RoomPost {
    /// The name of the session, and the id of the first line.
    pub(super) session: Option<(String, u64)>,
    /// The claim that must be in force.
    pub(super) epoch: Option<u64>,
    /// Whether each line is an action.
    pub(super) has_lines: bool,
    pub(super) text: String,
}

impl RoomPost {
    /// Appends the actions here. Returns the answer, as JSON.
    pub(super) async fn append(&self, manager: &Manager, room: &DrivenRoom) -> Result<String, HttpError> {
        let session = self.session.as_ref().map(|(session, first_id)| (session.as_str(), *first_id));
        let post = Post { session, key: room.key() };
        let posted = room.publish(self.epoch, |room, now| {
            if self.has_lines {
                post.append(room, self.text.lines(), now)
            } else {
                post.append(room, iter::once(self.text.as_str()), now)
            }
        });
        let posted = posted.await.map_err(|error| HttpError::unpublished(error, manager))?;
        if let Some(refusal) = somebody_else_drives(&posted) {
            return Err(refusal.clone().into());
        }
        if self.has_lines {
            for refusal in posted.iter().filter_map(Posted::refusal) {
                manager.metrics().refused(refusal);
            }
            let results: Vec<_> = posted.into_iter().map(result).collect();
            return Ok(json!({"results": results}).to_string());
        }
        let posted = posted.into_iter().next();
        let posted = posted.ok_or_else(|| HttpError::Malformed("the body is empty".to_owned()))?;
        let (id, outcome) = (posted.id, outcome(posted.answer));
        outcome.map(|seq| with_id(json!({"seq": seq}), id).to_string())
    }
}

/// Why nothing of a post was taken, if it is because somebody else has the right to write.
fn somebody_else_drives(posted: &[Posted]) -> Option<&Refusal> {
    let mut refusals = posted.iter().map(Posted::refusal);
    let is_not_owner =
        |refusal: Option<&Refusal>| refusal.is_some_and(|it| it.known_code() == Some(RefusalCode::NotOwner));
    let first = posted.first()?.refusal();
    refusals.all(is_not_owner).then_some(first).flatten()
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
