//! js/decisions.js: what both shells of the SDK decide alike, written from
//! sdk-wasm/src/decisions.rs.

use std::fs;

use anyhow::Context;
use serde_json::json;

use crate::workspace::Workspace;

#[path = "../../sdk-wasm/src/decisions.rs"]
#[allow(dead_code, reason = "what JavaScript asks the engine for is not written")]
mod source;

const PATH: &str = "sdk-wasm/js/decisions.js";

/// Writes the file.
pub(crate) fn write(workspace: &Workspace) -> anyhow::Result<()> {
    fs::write(workspace.path(PATH), javascript()).with_context(|| format!("cannot write {PATH}"))
}

/// The text of js/decisions.js.
fn javascript() -> String {
    let schemes: serde_json::Map<_, _> =
        source::WEBSOCKET_SCHEMES.iter().map(|(from, to)| ((*from).to_owned(), json!(to))).collect();
    let lifecycle: serde_json::Map<_, _> =
        source::LIFECYCLE.iter().map(|(event, told)| ((*event).to_owned(), json!(told))).collect();
    let decisions = [
        ("DEFAULT_TIMEOUT_MS", json!(source::DEFAULT_TIMEOUT_MS)),
        ("LONGEST_WAIT_MS", json!(source::LONGEST_WAIT_MS)),
        ("CONNECTION_LOST", json!(source::CONNECTION_LOST)),
        ("ASLEEP", json!(source::ASLEEP)),
        ("VISIBILITY_EVENT", json!(source::VISIBILITY_EVENT)),
        ("HIDE_EVENT", json!(source::HIDE_EVENT)),
        ("LIFECYCLE", json!(lifecycle)),
        ("WEBSOCKET_SCHEMES", json!(schemes)),
        ("NO_URL", json!(source::NO_URL)),
        ("NO_PAGE", json!(source::NO_PAGE)),
        ("NO_UUID", json!(source::NO_UUID)),
        ("OTHER_SCHEME", json!(source::OTHER_SCHEME)),
        ("CLOSED", json!(source::CLOSED)),
        ("UNANSWERED", json!(source::UNANSWERED)),
        ("NOT_FOLLOWER", json!(source::NOT_FOLLOWER)),
        ("NO_WEBSOCKET", json!(source::NO_WEBSOCKET)),
        ("NO_TOKEN", json!(source::NO_TOKEN)),
    ];
    let mut text =
        "// What both shells of the SDK decide alike. `cargo xtask generate` writes this file from\n\
                    // src/decisions.rs, which says what each is for.\n"
            .to_owned();
    for (name, value) in decisions {
        // `const` keeps the types as narrow as the values.
        text += &format!("\nexport const {name} = /** @type {{const}} */ ({value});\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_javascript_is_what_rust_decides() {
        let workspace = Workspace::find().unwrap();
        let written = fs::read_to_string(workspace.path(PATH)).unwrap();
        assert_eq!(written, javascript(), "run `cargo xtask generate`");
    }
}
