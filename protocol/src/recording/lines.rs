//! Writes the lines of a recording.

use crate::wire::json_writer::{ObjectWriter, append};
use crate::wire::parse::RecordingHeader;

pub(super) fn header(out: &mut String, header: &RecordingHeader) {
    let mut object = ObjectWriter::new(out);
    object.number("rtbroadcaster", 1).text("uuid", &header.uuid);
    object.number("started", header.started).number("part", header.part);
    object.end();
    append(out, "\n");
}

/// `{"t":…,"snapshot":seq}`
pub(super) fn snapshot(out: &mut String, t: u64, seq: u64) {
    line(out, t, |object| {
        object.number("snapshot", seq);
    });
}

/// `{"t":…,"gap":true}`
pub(super) fn gap(out: &mut String, t: u64) {
    line(out, t, |object| {
        object.boolean("gap", true);
    });
}

/// `{"t":…,"end":"why"}`
pub(super) fn end(out: &mut String, t: u64, why: &str) {
    line(out, t, |object| {
        object.text("end", why);
    });
}

/// A message of the wire, which is a JSON object with a field.
pub(super) fn message(out: &mut String, t: u64, message: &str) {
    let mut object = ObjectWriter::new(out);
    object.number("t", t);
    append(out, ",");
    append(out, message.strip_prefix('{').unwrap_or(message));
    append(out, "\n");
}

fn line(out: &mut String, t: u64, fields: impl FnOnce(&mut ObjectWriter<'_>)) {
    let mut object = ObjectWriter::new(out);
    object.number("t", t);
    fields(&mut object);
    object.end();
    append(out, "\n");
}
