//! Writes the entries of a log. Only clients that speak session fields are sent them.

#[cfg(feature = "rooms")]
use alloc::string::String;

use crate::wire::json_writer::{ObjectWriter, list, write_string};
#[cfg(feature = "rooms")]
use crate::{ENTRY_SLOT, Entry, Recording};
use crate::{Lane, LaneKind};

/// Writes an entry of the log: see [`ENTRY_SLOT`].
#[cfg(feature = "rooms")]
pub(crate) fn logged_entry(out: &mut String, seq: u64, entry: &Entry) {
    let mut object = ObjectWriter::new(out);
    object.number("seq", seq).text("clear", ENTRY_SLOT);
    write(&mut object, entry);
    object.end();
}

/// Writes an entry of a snapshot, whose seqs nobody counts.
#[cfg(feature = "rooms")]
pub(crate) fn retained_entry(out: &mut String, seq: u64, entry: &Entry) {
    let mut object = ObjectWriter::new(out);
    object.number("seq", seq);
    write(&mut object, entry);
    object.end();
}

#[cfg(feature = "rooms")]
fn write(object: &mut ObjectWriter<'_>, entry: &Entry) {
    match entry {
        Entry::Lane { name, lane } => write_lane_entry(object, name, lane.as_ref()),
        Entry::Recording(recording) => write_recording(object, recording),
        Entry::Driver(driver) => {
            object.object("driver", |fields| {
                fields.number("seat", u64::from(driver.seat)).optional_text("name", driver.name.as_deref());
                fields.text("role", driver.role().as_str());
            });
        }
    }
}

/// Writes whether a room is recorded, for its owner alone.
#[cfg(feature = "rooms")]
pub(crate) fn recording(out: &mut String, recording: &Recording) {
    let mut object = ObjectWriter::new(out);
    write_recording(&mut object, recording);
    object.end();
}

#[cfg(feature = "rooms")]
fn write_recording(object: &mut ObjectWriter<'_>, recording: &Recording) {
    object.object("recording", |fields| match recording {
        Recording::On { shared } => {
            fields.boolean("on", true).boolean("shared", *shared);
        }
        Recording::Off { why } => {
            fields.boolean("on", false).text("why", why);
        }
    });
}

/// Writes the fields `lane` and `as`.
pub(super) fn write_lane_entry(object: &mut ObjectWriter<'_>, name: &str, lane: Option<&Lane>) {
    object.text("lane", name);
    match lane {
        Some(lane) => {
            object.object("as", |fields| write_lane(fields, lane));
        }
        None => {
            object.raw("as", "null");
        }
    }
}

pub(super) fn write_lane(fields: &mut ObjectWriter<'_>, lane: &Lane) {
    match &lane.kind {
        LaneKind::Say => {
            fields.text("kind", "say").number("per", lane.per_ms);
        }
        LaneKind::Count { symbols } => {
            let symbols = list(symbols, |out, symbol| write_string(out, symbol));
            fields.text("kind", "count").raw("symbols", &symbols).number("per", lane.per_ms);
        }
        LaneKind::Vote { options } => {
            fields.text("kind", "vote").number("options", *options);
        }
    }
}
