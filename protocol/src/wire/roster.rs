//! What a server says of who is there. Only clients that speak session fields ask.

use alloc::vec::Vec;

/// A named follower, as others see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Person<'a> {
    pub(crate) seat: u32,
    pub(crate) name: &'a str,
    /// A token says the name.
    pub(crate) is_verified: bool,
}

/// A part of the roster.
#[derive(Debug, Default)]
pub(crate) struct RosterPage<'a> {
    pub(crate) people: Vec<Person<'a>>,
    /// The last seat of the page; 0 if no other page follows.
    pub(crate) next: u64,
    /// How many people there are in all.
    pub(crate) named: u64,
}

/// What a client is told of who came and went since it was told before.
#[derive(Debug, Default)]
pub(crate) struct RosterNews<'a> {
    pub(crate) came: Vec<Person<'a>>,
    pub(crate) went: Vec<u32>,
    /// How many more comings and goings there were.
    pub(crate) more: u64,
}
