//! What a connection has to do with its room's roster.

use crate::TokenBucket;
use crate::room::Told;

/// What a connection has to do with its room's roster. Most have nothing to do with it.
#[derive(Debug, Default)]
pub(super) struct RosterPart {
    /// The number that names its client to others.
    pub(super) seat: Option<u32>,
    /// What the client was told. None if it has not asked.
    pub(super) told: Option<Told>,
    /// Bounds how often it asks. None before the first question.
    pub(super) pages: Option<TokenBucket>,
}
