//! Rules that must hold for any bytes: each function panics if its bytes break one.
//!
//! `tests/fuzz/` hands the functions to libFuzzer, which searches for such bytes. In every test
//! run, `tests/tests/corpus.rs` calls them with the bytes that libFuzzer found worth keeping.

mod conversation;
mod log;
mod program;
mod records;

use std::collections::BTreeSet;

use rtbroadcaster::internals::read_frames;
use rtbroadcaster_protocol::{ClientMessage, parse};
use serde_json::Value;

pub use conversation::conversation;
pub use log::log;
pub use program::program;
pub use records::records;

/// The bytes of a message that the reader of frames allows here: few, so that inputs exceed them.
const MESSAGE_BYTES: usize = 300;

/// The levels that params may have here: as many as a server allows unless it is told otherwise.
const PARAMS_DEPTH: usize = 120;

/// Reads the bytes as a client's frames. The first byte is the number of cuts, the next bytes say
/// where the network cuts the rest. Wherever it is cut, the same must be read.
pub fn frames(data: &[u8]) {
    let Some((&count, rest)) = data.split_first() else { return };
    let (cuts, bytes) = rest.split_at(usize::from(count).min(rest.len()));
    let (whole, cut) = (read_frames(bytes, &[], MESSAGE_BYTES), read_frames(bytes, cuts, MESSAGE_BYTES));
    assert_eq!(whole, cut, "the cuts {cuts:?} make a difference");
}

/// Parses the bytes as a frame's text, from a client and from a server. The params of each action
/// must be a JSON array on one line.
pub fn codec(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for message in parse::client_messages(text, PARAMS_DEPTH) {
        if let Ok(ClientMessage::Action { action, .. }) = message {
            assert!(!action.key.is_empty());
            assert!(!action.params.contains('\n'), "messages are told apart by newlines: {}", action.params);
            let params: Value = serde_json::from_str(&action.params).expect("params are JSON of few levels");
            assert!(params.is_array(), "{params}");
        }
    }
    // For what no server says, the parser returns an error and nothing else happens.
    drop(parse::server_messages(text));
}

/// One of these functions with the name of its corpus.
pub type Target = (&'static str, fn(&[u8]));

/// All functions.
pub const TARGETS: [Target; 6] = [
    ("frames", frames),
    ("codec", codec),
    ("conversation", conversation),
    ("program", program),
    ("records", records),
    ("log", log),
];

/// The names of all targets.
#[must_use]
pub fn names() -> BTreeSet<&'static str> {
    TARGETS.iter().map(|(name, _)| *name).collect()
}
