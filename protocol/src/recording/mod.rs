//! Recordings: what the followers of a room were served, with the moment of each line, so that it
//! can be played again.
//!
//! A recording is a text of lines, each a JSON object (NDJSON). The first says what it is, and each
//! later one has `t`, the milliseconds since the start:
//!
//! ```text
//! {"rtbroadcaster":1,"uuid":"…","started":1790000000000,"part":1}
//! {"t":0,"snapshot":79}             what the room retained follows, up to "synced"
//! {"t":0,"seq":12,"funcKey":"goTo","funcParams":[2],"stateMessage":true}
//! {"t":0,"synced":79}
//! {"t":1234,"seq":80,"funcKey":"goTo","funcParams":[3],"stateMessage":true}
//! {"t":90000,"end":"closed"}
//! ```
//!
//! Apart from `t`, the lines are those of the wire, byte for byte. A snapshot comes again from time
//! to time, so that a player can begin there. It repeats what is known, unless `gap` stands before
//! it: then actions are missing. After a process was killed the end is missing, and the last line
//! may be torn.

mod lines;
mod recorder;
mod scan;

pub use recorder::{Recorded, Recorder, RecorderLimits, RecordingEnd};
pub use scan::RecordingScan;

#[cfg(test)]
mod tests;
