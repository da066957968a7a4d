//! An owner that left before that was kept.

use crate::Timestamp;

/// A claim whose connection to this server is gone.
#[derive(Debug, Clone, Copy)]
pub(in crate::room) struct Left {
    pub(in crate::room) epoch: u64,
    pub(in crate::room) since: Timestamp,
}
