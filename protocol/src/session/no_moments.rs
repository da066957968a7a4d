//! Stands in for `moments.rs` without the feature `moments`: every action runs when it arrives, and
//! nobody asks for the server's time.

use core::marker::PhantomData;

use super::Event;
use crate::Timestamp;

/// Nothing.
#[derive(Debug)]
pub(super) struct Moments<P>(PhantomData<P>);

impl<P> Moments<P> {
    pub(super) fn new(_seed: u64, _is_on: bool) -> Self {
        Self(PhantomData)
    }

    pub(super) fn entering(&mut self, _now: Timestamp) {}

    pub(super) fn entered(&mut self, _now: Timestamp, _wants_clock: bool, _time: Option<u64>) {}

    pub(super) fn disconnected(&mut self) {}

    pub(super) fn ended(&mut self) {}

    pub(super) fn woke(&mut self, _now: Timestamp, _is_live: bool) {}

    pub(super) fn next_timeout(&self) -> Option<Timestamp> {
        None
    }

    pub(super) fn asks(&mut self, _now: Timestamp, _number: u64) -> bool {
        false
    }

    pub(super) fn answered(&mut self, _now: Timestamp, _number: u64, _time: Option<u64>) {}

    pub(super) fn hold(&mut self, _now: Timestamp, event: Event<P>) -> Option<Event<P>> {
        Some(event)
    }

    pub(super) fn release(&mut self, _now: Timestamp) -> Option<Event<P>> {
        None
    }

    pub(super) fn has_waiting(&self) -> bool {
        false
    }

    pub(super) fn drop_waiting(&mut self) {}
}
