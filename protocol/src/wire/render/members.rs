//! Writes what a server says to those who have a key of a room, and to those who ask for one.

use alloc::string::String;

use crate::wire::json_writer::ObjectWriter;

/// Writes the answer to an invite or a request: the seat that its bearer has.
pub(crate) fn asked_seat(out: &mut String, ask: u64, seat: u32) {
    let mut object = ObjectWriter::new(out);
    object.number("ask", ask).number("seat", u64::from(seat));
    object.end();
}

/// Writes the answer to a question that changed the log: the seq of the change.
pub(crate) fn asked_seq(out: &mut String, ask: u64, seq: u64) {
    let mut object = ObjectWriter::new(out);
    object.number("ask", ask).number("seq", seq);
    object.end();
}

/// Writes the answer to a question that has none but that it is done.
pub(crate) fn asked_done(out: &mut String, ask: u64) {
    let mut object = ObjectWriter::new(out);
    object.number("ask", ask);
    object.end();
}

/// Writes that somebody asks for the right to write.
pub(crate) fn request(out: &mut String, seat: u32, name: Option<&str>) {
    let mut object = ObjectWriter::new(out);
    object.object("request", |fields| {
        fields.number("seat", u64::from(seat)).optional_text("name", name);
    });
    object.end();
}

/// Writes that the key of a seat is good no longer (`revoked`), or that its request was refused
/// (`refused`).
pub(crate) fn ended(out: &mut String, what: &str, seat: u32) {
    let mut object = ObjectWriter::new(out);
    object.number(what, u64::from(seat));
    object.end();
}
