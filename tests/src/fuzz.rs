//! What bytes of any kind must not break: each function panics if they do.
//!
//! `tests/fuzz/` gives them to libFuzzer, which looks for bytes that do; `tests/tests/corpus.rs` gives them what libFuzzer
//! found worth keeping, in every test run.

mod conversation;
mod program;

use std::collections::BTreeSet;

use rtbroadcaster::internals::read_frames;
use rtbroadcaster_protocol::{ClientMessage, parse};
use serde_json::Value;

pub use conversation::conversation;
pub use program::program;

/// Bytes of one message that the reader of frames allows here: few, so that they are soon too many.
const MESSAGE_BYTES: usize = 300;

/// The first byte says how many of the next say where the network cuts the rest, which is what a client sends as frames.
/// Wherever it is cut, the same is read.
pub fn frames(data: &[u8]) {
    let Some((&count, rest)) = data.split_first() else { return };
    let (cuts, bytes) = rest.split_at(usize::from(count).min(rest.len()));
    let (whole, cut) = (read_frames(bytes, &[], MESSAGE_BYTES), read_frames(bytes, cuts, MESSAGE_BYTES));
    assert_eq!(whole, cut, "the cuts {cuts:?} make a difference");
}

/// A frame's text, as it may come from a client or from a server. What is taken for an action has params that are a
/// JSON array, on one line.
pub fn codec(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for message in parse::client_messages(text) {
        if let Ok(ClientMessage::Action { action, .. }) = message {
            assert!(!action.key.is_empty());
            assert!(!action.params.contains('\n'), "messages are told apart by newlines: {}", action.params);
            let params: Value = serde_json::from_str(&action.params).expect("params are JSON");
            assert!(params.is_array(), "{params}");
        }
    }
    // What a server must not say is an error of the parser; nothing else may come of it.
    drop(parse::server_messages(text));
}

/// One of the functions above, by the name of its corpus.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 4] =
    [("frames", frames), ("codec", codec), ("conversation", conversation), ("program", program)];

/// Their names, each once.
#[must_use]
pub fn names() -> BTreeSet<&'static str> {
    TARGETS.iter().map(|(name, _)| *name).collect()
}
