//! `rooms/{uuid}/roster` and `rooms/{uuid}/lanes`: who is there, and what they say.

pub(super) mod lanes;
pub(super) mod roster;
