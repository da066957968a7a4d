//! What must hold when a page is handed something: T1 to T5. The simulation knows the true time.

use rtbroadcaster_protocol::{Event, ServerMessage};

use super::page::{Expected, MomentPage};
use crate::sim::invariant::{Checked, Invariant};

/// Nobody waits for longer, in milliseconds: the default of `at-horizon-ms`.
const HORIZON_MS: u64 = 10_000;
/// What a page may be late although it knows the moment: its timer counts whole milliseconds, and
/// its clock drifts.
const TIMER_MS: u64 = 3;

impl MomentPage {
    /// Notes what the page must be handed because of this message.
    pub(super) fn expect(&mut self, message: &ServerMessage<String>, now: u64) {
        let (seq, expected) = match message {
            ServerMessage::Action { seq, params, at, .. } => {
                (seq, Expected::Action { params: params.clone(), at: *at, came: now })
            }
            ServerMessage::Cleared { seq, slot } => (seq, Expected::Clear(slot.clone())),
            _ => return,
        };
        if seq.is_some_and(|seq| self.seqs.insert(seq)) {
            self.expected.push_back(expected);
        }
    }

    /// T3: the true difference of the clocks is where the page thinks that it is.
    pub(super) fn check_clock(&mut self, now: u64) -> Checked {
        let local = self.clock.read(now);
        let Some(known) = self.session.clock(local) else { return Ok(()) };
        let truth = microseconds(now) - self.clock.local_us(now);
        let uncertainty = i64::try_from(known.uncertainty_us).unwrap_or(i64::MAX);
        let error = (known.offset_us - truth).abs();
        self.uncertainty_us = uncertainty;
        Invariant::OffsetIsInBounds.ensure(error <= uncertainty + self.jumped_us, || {
            format!("the clock is {error} µs off, and claims at most {uncertainty}")
        })
    }

    /// The page was handed something.
    pub(super) fn handed(&mut self, event: &Event<String>, now: u64) -> Checked {
        match event {
            Event::Action { params, at, .. } => {
                let next = self.expected.pop_front();
                let Some(Expected::Action { at: given, came, .. }) = next
                    .as_ref()
                    .filter(|next| matches!(next, Expected::Action { params: own, .. } if own == params))
                else {
                    return Err(Invariant::OrderOfMoments.violated(format!("{params} instead of {next:?}")));
                };
                Invariant::OrderOfMoments
                    .ensure(at == given, || format!("{params} has {at:?}, not {given:?}"))?;
                self.check_moment(*at, *came, now)
            }
            Event::Cleared { slot, .. } => {
                if self.expected.front() == Some(&Expected::Clear(slot.clone())) {
                    self.expected.pop_front();
                    return Ok(());
                }
                Invariant::OrderOfMoments.ensure(self.was_cut, || format!("{slot} was cleared by nobody"))
            }
            Event::Ended(_) => {
                self.has_ended = true;
                let is_whole = self.expected.is_empty() || self.is_leaving;
                Invariant::ExactlyOnce.ensure(is_whole, || format!("never handed over: {:?}", self.expected))
            }
            _ => Ok(()),
        }
    }

    fn check_moment(&mut self, at: Option<u64>, came: u64, now: u64) -> Checked {
        let before = std::mem::replace(&mut self.handed, now);
        let local = self.clock.read(now);
        let known = self.session.clock(local);
        let jump_ms = u64::try_from(self.jumped_us / 1_000).unwrap_or_default();
        let uncertainty = known.map_or(0, |known| known.uncertainty_us.div_ceil(1_000));
        let uncertainty = uncertainty.max(u64::try_from(self.uncertainty_us / 1_000).unwrap_or_default() + 1);
        let since = came.max(self.woke);
        Invariant::HorizonBoundsWaits
            .ensure(now <= since + HORIZON_MS + uncertainty + jump_ms + TIMER_MS, || {
                format!("came at {since} and ran at {now}")
            })?;
        let (Some(at), Some(known)) = (at, known) else { return Ok(()) };
        let is_early = microseconds(now) + self.jumped_us < microseconds(at) - i64_of(known.uncertainty_us);
        Invariant::NeverEarly.ensure(!is_early, || format!("ran at {now}, its moment is {at}, {known:?}"))?;
        if self.woke < came {
            let due = at.max(since).max(before);
            Invariant::HorizonBoundsWaits
                .ensure(now <= due + 2 * uncertainty + jump_ms + TIMER_MS, || {
                    format!("was due at {due} and ran at {now}, {known:?}")
                })?;
        }
        let late = known.time_us(local) - microseconds(at);
        let error = (late - (microseconds(now) - microseconds(at))).abs();
        Invariant::LatenessIsTrue
            .ensure(error <= i64_of(known.uncertainty_us) + self.jumped_us + 1_000, || {
                format!("late by {late} µs at {now}, its moment is {at}")
            })
    }
}

fn microseconds(milliseconds: u64) -> i64 {
    i64_of(milliseconds.saturating_mul(1_000))
}

fn i64_of(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
