//! Writes what a server says of who is there. Only clients that speak session fields ask.

use alloc::string::String;

use super::{error, status};
use crate::wire::json_writer::{ObjectWriter, list, write_number};
use crate::{Person, Refusal, RosterNews, RosterPage, Status};

/// Writes the answer to a question who is there.
pub(crate) fn roster_page(out: &mut String, ask: Option<u64>, page: &RosterPage<'_>) {
    let mut object = ObjectWriter::new(out);
    object.optional_number("ask", ask).raw("roster", &people(&page.people));
    object.number("next", page.next).number("named", page.named);
    object.end();
}

/// Writes who came and who went.
pub(crate) fn roster_news(out: &mut String, news: &RosterNews<'_>) {
    let mut object = ObjectWriter::new(out);
    let went = list(&news.went, |out, seat| write_number(out, u64::from(*seat)));
    object.raw("came", &people(&news.came)).raw("went", &went).number("more", news.more);
    object.end();
}

/// Writes the refusal of a question.
pub(crate) fn refused_ask(out: &mut String, ask: u64, refusal: &Refusal) {
    let mut object = ObjectWriter::new(out);
    status(&mut object, Status::NotConnected, Some(&refusal.message));
    error(&mut object, refusal, Some(ask));
    object.end();
}

fn people(people: &[Person<'_>]) -> String {
    list(people, |out, person| {
        let mut object = ObjectWriter::new(out);
        object.number("seat", u64::from(person.seat)).text("name", person.name).text("role", "follower");
        if person.is_verified {
            object.boolean("verified", true);
        }
        object.end();
    })
}
