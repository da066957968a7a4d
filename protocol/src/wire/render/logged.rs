//! Writes what a room's logs hold, in both renderings.

use alloc::string::String;

use super::{compact_action, envelope};
use crate::wire::json_writer::ObjectWriter;
use crate::{Action, Status};

/// Writes an action for clients that speak session fields.
pub(crate) fn compact_logged(out: &mut String, seq: u64, action: Action<&str>) {
    let mut object = ObjectWriter::new(out);
    object.number("seq", seq);
    compact_action(&mut object, action);
    object.end();
}

/// Writes the clearing of a slot for clients that speak session fields.
pub(crate) fn compact_cleared(out: &mut String, seq: u64, slot: &str) {
    let mut object = ObjectWriter::new(out);
    object.number("seq", seq).text("clear", slot);
    object.end();
}

/// Writes an action as the original's envelope, for all other clients.
pub(crate) fn original_action(out: &mut String, uuid: &str, action: Action<&str>) {
    envelope(out, uuid, (Status::Connected, None), action, |_| ());
}
