//! Actions that come without a connection, several at a time: the body of an HTTP request.

mod posting;

use posting::no_action;

use crate::room::RecordedAnswer;
use crate::wire::parse::{self, TOO_MANY_REFUSALS};
use crate::{ClientMessage, Refusal, RefusalCode, Room, Timestamp};

/// Refusals for one post. After these the rest of it is not read, so that a few bytes of junk don't ask for many times
/// their size.
const MAX_REFUSALS_PER_POST: usize = 16;

/// Who posts, and under which ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Post<'a> {
    /// The session, and the id of its first line. Without it nothing that is sent twice is recognised.
    pub session: Option<(&'a str, u64)>,
}

/// What became of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Which line it was, counted from 1.
    pub line: usize,
    /// Its action's id within its session.
    pub id: Option<u64>,
    /// What it was answered, now or when it was posted before.
    pub answer: RecordedAnswer,
}

impl Posted {
    /// Why it is in no log, if it was refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.answer {
            RecordedAnswer::Refused(refusal) => Some(refusal),
            RecordedAnswer::Appended(_) | RecordedAnswer::Unknown => None,
        }
    }
}

impl Post<'_> {
    /// Appends the actions of these lines, each a message as an owner's connection would send it; lines with nothing in
    /// them are passed over. A line that is refused doesn't keep the others out, except that after 16 the rest isn't
    /// read: its ids are free still.
    ///
    /// A line's id is its own, or one more than that of the line before. What its session was answered already is
    /// answered again, and not appended.
    pub fn append<'a>(
        &self,
        room: &mut Room,
        lines: impl Iterator<Item = &'a str>,
        now: Timestamp,
    ) -> Vec<Posted> {
        match self.session {
            Some((session, first_id)) => {
                room.on_behalf_of(session, |room| append(room, Some(first_id), lines, now))
            }
            None => append(room, None, lines, now),
        }
    }
}

fn append<'a>(
    room: &mut Room,
    mut next_id: Option<u64>,
    lines: impl Iterator<Item = &'a str>,
    now: Timestamp,
) -> Vec<Posted> {
    let mut posted = Vec::new();
    let mut refusals = 0;
    for (index, text) in lines.enumerate().filter(|(_, text)| !text.trim_ascii().is_empty()) {
        let line = index + 1;
        if refusals == MAX_REFUSALS_PER_POST {
            let answer = RecordedAnswer::Refused(parse::refuse_rest(TOO_MANY_REFUSALS));
            posted.push(Posted { line, id: None, answer });
            return posted;
        }
        let message = message(text);
        let (id, message) = match line_id(next_id, stated_id(&message)) {
            Ok(id) => (id, message),
            // Whatever its id is meant to be, no answer to another action is noted under it.
            Err(refusal) => (None, Err(refusal)),
        };
        next_id = id.map(|id| id + 1).or(next_id);
        let answer = room.answer_once(id, message, now);
        refusals += usize::from(!matches!(answer, RecordedAnswer::Appended(_)));
        posted.push(Posted { line, id, answer });
    }
    posted
}

/// The one message of a line.
fn message(text: &str) -> Result<ClientMessage<'_>, Refusal> {
    let mut messages = parse::client_messages(text);
    let message = messages.next().unwrap_or_else(|| Err(RefusalCode::Malformed.into()));
    match messages.next() {
        // Neither action nor status: there is nothing here that a status could say.
        None if is_unknown_status(&message) => Err(no_action()),
        None => message,
        Some(_) => Err(Refusal::with_message(
            RefusalCode::Malformed,
            "a line is one JSON object, and nothing behind it",
        )),
    }
}

fn is_unknown_status(message: &Result<ClientMessage<'_>, Refusal>) -> bool {
    matches!(message, Err(refusal) if refusal.known_code() == Some(RefusalCode::UnknownStatus))
}

fn stated_id(message: &Result<ClientMessage<'_>, Refusal>) -> Option<u64> {
    match message {
        Ok(ClientMessage::Action { id, .. } | ClientMessage::Clear { id, .. }) => *id,
        Ok(_) => None,
        Err(refusal) => refusal.id,
    }
}

/// The id of a line, of which the session's count says `next`.
fn line_id(next: Option<u64>, stated: Option<u64>) -> Result<Option<u64>, Refusal> {
    match (next, stated) {
        (None, Some(_)) => Err(Refusal::with_message(
            RefusalCode::Malformed,
            "an \"id\" counts within a session: say which by the header Idempotency-Key",
        )),
        (Some(next), Some(stated)) if stated < next => Err(Refusal::with_message(
            RefusalCode::Malformed,
            "ids count up: this one is below what its line must have at least",
        )),
        (next, stated) => Ok(stated.or(next)),
    }
}

#[cfg(test)]
mod tests;
