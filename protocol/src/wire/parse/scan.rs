//! Walks over the bytes of a JSON value once, without recursion.

use std::borrow::Cow;

/// What a walk over the bytes of a JSON value finds.
pub(super) struct Scanned<'a> {
    /// The same JSON without whitespace between its tokens. Each token stays byte for byte as it
    /// was.
    pub(super) compact: Cow<'a, str>,
    /// How many levels of arrays and objects it has.
    pub(super) depth: usize,
}

/// Walks over the bytes of a JSON value, which must be valid.
pub(super) fn scan(json: &str) -> Scanned<'_> {
    let bytes = json.as_bytes();
    let (mut level, mut depth) = (0_usize, 0);
    // What stands before `from`, without whitespace. Most clients send none.
    let mut out = String::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at),
            b'[' | b'{' => {
                level += 1;
                depth = depth.max(level);
            }
            b']' | b'}' => level = level.saturating_sub(1),
            b' ' | b'\n' | b'\r' | b'\t' => {
                if from == 0 {
                    out.reserve_exact(json.len());
                }
                out.push_str(&json[from..at]);
                from = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    if from == 0 {
        return Scanned { compact: Cow::Borrowed(json), depth };
    }
    out.push_str(&json[from..]);
    Scanned { compact: Cow::Owned(out), depth }
}

/// The place of the quotation mark that ends the string which begins at `start`.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => break,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}
