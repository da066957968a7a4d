//! What a server says of what was said on lanes. Only an owner that speaks session fields is told.

use alloc::string::String;
use alloc::vec::Vec;

/// What was said on one lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LaneTotals {
    pub(crate) name: String,
    /// Of a lane on which reactions are counted.
    pub(crate) symbols: Vec<String>,
    /// By symbol or by option. None on a lane whose values are told one by one.
    pub(crate) counts: Option<Vec<u64>>,
    /// How many messages don't count.
    pub(crate) dropped: u64,
}

/// A value that a follower has said.
#[derive(Debug)]
pub(crate) struct SaidBy<'a> {
    pub(crate) lane: &'a str,
    /// The number that names the follower, if it has a name.
    pub(crate) seat: Option<u32>,
    pub(crate) name: Option<&'a str>,
    /// JSON.
    pub(crate) value: &'a str,
}
