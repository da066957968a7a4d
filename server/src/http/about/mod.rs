//! What the server says of itself: its routes, and its time.

mod document;
mod time;

pub(super) use document::document;
pub(super) use time::time;
