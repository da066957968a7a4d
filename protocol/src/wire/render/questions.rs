//! Writes what clients ask.

use alloc::string::String;

use crate::wire::json_writer::ObjectWriter;
use crate::{Question, RosterQuery};

/// Writes a question under its number.
pub(super) fn client_ask(out: &mut String, ask: u64, question: &Question<'_>) {
    let mut object = ObjectWriter::new(out);
    object.number("ask", ask);
    match question {
        Question::Roster(RosterQuery { after, limit }) => {
            object.object("roster", |roster| {
                roster.number("after", *after).optional_number("limit", *limit);
            });
        }
        Question::Invite { key, name, expires_ms } => {
            object.object("invite", |invite| {
                invite.text("key", key).text("role", "presenter").optional_text("name", name.as_deref());
                invite.optional_number("expires", *expires_ms);
            });
        }
        Question::Request { key, name } => {
            object.object("request", |request| {
                request.text("key", key).optional_text("name", name.as_deref());
            });
        }
        Question::Refuse(seat) => {
            object.number("refuse", *seat);
        }
        Question::Revoke(seat) => {
            object.number("revoke", *seat);
        }
        Question::TakeBack => {
            object.boolean("takeBack", true);
        }
    }
    object.end();
}
