//! Lanes: what followers say to the owner, beside the log and without the room's lock.
//!
//! Which lanes there are is in the log. What is said on them isn't: the owner is told once a second
//! how many said what, and single values one by one, so that an audience of any size costs it the
//! same.

mod inbox;
mod lane;
mod message;
mod of_room;
mod opening;
mod report;
mod shared;
mod speaker;

pub use message::LaneOutcome;
pub(crate) use of_room::LanesTold;
pub use report::LaneReport;
pub(crate) use shared::Batch;
pub use shared::{Lanes, SharedLanes};
pub use speaker::{Speaker, VoterDigest};
