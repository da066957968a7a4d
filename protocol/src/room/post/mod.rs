//! Actions that come without a connection, several at a time. The server calls [`Post::append`]
//! with the body of an HTTP request.

mod posting;

use posting::no_action;

use crate::room::RecordedAnswer;
use crate::wire::parse::{self, TOO_MANY_REFUSALS};
use crate::{ClientMessage, KeyDigest, Refusal, RefusalCode, Room, Timestamp};

/// A post gets at most this many refusals. After these the rest of it isn't read, so that a few
/// bytes of junk aren't answered by many times their size.
const MAX_REFUSALS_PER_POST: usize = 16;

/// Which session posts, and under which ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Post<'a> {
    /// The session's name, and the id of the post's first line. Without a session, duplicates
    /// aren't recognised.
    pub session: Option<(&'a str, u64)>,
    /// The key by which it posts. What comes while somebody else may write is refused: also the
    /// rest of a post that passes that right on. None for the server itself, which always may.
    pub key: Option<KeyDigest>,
}

/// What became of one line of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The line's number, counted from 1.
    pub line: usize,
    /// The id of its action within the session.
    pub id: Option<u64>,
    /// The answer to its action, given now or when it was first posted.
    pub answer: RecordedAnswer,
}

impl Posted {
    /// Why it was refused, if it was.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.answer {
            RecordedAnswer::Refused(refusal) => Some(refusal),
            RecordedAnswer::Appended(_) | RecordedAnswer::Unknown => None,
        }
    }
}

impl Post<'_> {
    /// Appends the actions of these lines. Each line is a message as an owner's connection would
    /// send it; empty lines are skipped. A refused line doesn't keep the others out. Only after 16
    /// refused lines the rest isn't read, and its ids may be used again.
    ///
    /// A line's id is the one that it states, or one more than that of the line before. An action
    /// that was answered before is answered the same again, and not appended.
    pub fn append<'a>(
        &self,
        room: &mut Room,
        lines: impl Iterator<Item = &'a str>,
        now: Timestamp,
    ) -> Vec<Posted> {
        match self.session {
            Some((session, first_id)) => {
                let key = self.key.as_ref();
                room.on_behalf_of(session, |room| append(room, key, Some(first_id), lines, now))
            }
            None => append(room, self.key.as_ref(), None, lines, now),
        }
    }
}

fn append<'a>(
    room: &mut Room,
    key: Option<&KeyDigest>,
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
        let message = message(text, room.limits.params_depth);
        let (id, message) = match line_id(next_id, stated_id(&message)) {
            Ok(id) => (id, message),
            // The id can't be trusted, so no answer is recorded under it.
            Err(refusal) => (None, Err(refusal)),
        };
        next_id = id.map(|id| id + 1).or(next_id);
        let answer = match room.may_write(key) {
            true => room.answer_once(id, message, now),
            false => room.answer_former_writer(id),
        };
        refusals += usize::from(!matches!(answer, RecordedAnswer::Appended(_)));
        posted.push(Posted { line, id, answer });
    }
    posted
}

/// The only message of a line.
fn message(text: &str, params_depth: usize) -> Result<ClientMessage<'_>, Refusal> {
    let mut messages = parse::client_messages(text, params_depth);
    let message = messages.next().unwrap_or_else(|| Err(RefusalCode::Malformed.into()));
    match messages.next() {
        // Without an action and a status, the refusal must not speak of a status.
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
        Ok(
            ClientMessage::Action { id, .. }
            | ClientMessage::Clear { id, .. }
            | ClientMessage::Lane { id, .. }
            | ClientMessage::Drive { id, .. }
            | ClientMessage::Record { id, .. },
        ) => *id,
        Ok(_) => None,
        Err(refusal) => refusal.id,
    }
}

/// The id of a line that would get the id `next`, and may state one itself. None without a session.
///
/// # Errors
/// `malformed`: an id is stated without a session, or is lower than `next`.
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
