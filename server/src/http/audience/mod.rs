//! `rooms/{uuid}/roster`, `rooms/{uuid}/lanes` and `rooms/{uuid}/requests`: who is there, what they
//! say, and who of them may write.

pub(super) mod lanes;
pub(super) mod requests;
pub(super) mod roster;
