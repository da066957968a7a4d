//! Actions that run at a moment of the server's clock: when the page asks for the server's time,
//! and what waits.

use alloc::collections::VecDeque;

use super::Event;
use super::clock::{Clock, ClockEstimate};
use super::waiting::Waiting;
use crate::Timestamp;
use crate::mutation::mutated;

/// After the page has entered or woken up, this many exchanges come quickly.
const BURST: u32 = 16;
/// The pause between these, in milliseconds.
const BURST_PAUSE_MS: u64 = 100;
/// The pause between the next ones, until the clock is known well or there were [`MANY`].
const PAUSE_MS: u64 = 250;
/// See [`PAUSE_MS`].
const MANY: u32 = 256;
/// The pause from then on.
const LONG_PAUSE_MS: u64 = 30_000;
/// The clock is known well when it is at most this many microseconds off.
const GOOD_US: u64 = 5_000;
/// At most this many questions are remembered that were not answered.
const MAX_ASKED: usize = 32;

/// What a session needs for actions that run at a moment.
#[derive(Debug)]
pub(super) struct Moments<P> {
    clock: Clock,
    waiting: Waiting<P>,
    /// The page needs the server's time.
    is_on: bool,
    /// When to ask for it next. None while there is no connection.
    next: Option<Timestamp>,
    /// How often it was asked for since the page has entered or woken up.
    count: u32,
    /// How many answers in a row were without a time.
    refused: u32,
    /// The questions that are not answered: the number of each and when it was asked.
    asked: VecDeque<(u64, Timestamp)>,
    /// There will be no connection any more.
    has_ended: bool,
    /// When the first message was sent, whose reply says the time too. None if the page has slept
    /// since.
    entering_since: Option<Timestamp>,
    /// State of the random numbers. They are not those of the backoff, which stay as they are
    /// without a clock.
    random: u64,
}

impl<P> Moments<P> {
    /// `seed` is any random number. `is_on` says whether the page needs the time from the start.
    pub(super) fn new(seed: u64, is_on: bool) -> Self {
        Self {
            clock: Clock::default(),
            waiting: Waiting::default(),
            is_on,
            next: None,
            count: 0,
            refused: 0,
            asked: VecDeque::new(),
            has_ended: false,
            entering_since: None,
            random: !seed,
        }
    }

    /// Notes that the first message is sent.
    pub(super) fn entering(&mut self, now: Timestamp) {
        self.entering_since = Some(now);
    }

    /// Notes that the page is in its room, and what the reply says. The server may be another one
    /// than before.
    pub(super) fn entered(&mut self, now: Timestamp, wants_clock: bool, time: Option<u64>) {
        self.is_on |= wants_clock;
        self.start_again(now);
        // Its actions wait for the first answer again.
        self.waiting.woke(now);
        if let (Some(time), Some(sent)) = (time, self.entering_since) {
            self.clock.note(sent, now, time);
        }
    }

    /// Notes that there is no connection.
    pub(super) fn disconnected(&mut self) {
        self.next = None;
        self.asked.clear();
    }

    /// Notes that there will be no connection any more.
    pub(super) fn ended(&mut self) {
        self.has_ended = true;
        self.disconnected();
        self.waiting.expect_clock(false);
    }

    /// The page has slept, and its clock may have stood still. `is_live` says whether there is a
    /// connection.
    pub(super) fn woke(&mut self, now: Timestamp, is_live: bool) {
        if mutated!(KeepBoundsOverWake) {
            return;
        }
        self.start_again(now);
        self.waiting.woke(now);
        self.entering_since = None;
        if !is_live {
            self.disconnected();
        }
    }

    fn start_again(&mut self, now: Timestamp) {
        self.clock.forget();
        self.waiting.expect_clock(!self.has_ended);
        self.asked.clear();
        (self.count, self.refused, self.next) = (0, 0, Some(now));
    }

    /// The page needs the server's time from now on.
    pub(super) fn switch_on(&mut self) {
        self.is_on = true;
    }

    /// When to ask for the time, or to hand over what waits.
    pub(super) fn next_timeout(&self) -> Option<Timestamp> {
        let next = self.next.filter(|_| self.is_on);
        [next, self.waiting.due(&self.clock)].into_iter().flatten().min()
    }

    /// Whether the time is to be asked for now. If so, the question has this number.
    pub(super) fn asks(&mut self, now: Timestamp, number: u64) -> bool {
        if !self.is_on || self.next.is_none_or(|next| now < next) {
            return false;
        }
        self.count = self.count.saturating_add(1);
        let is_good = self.clock.estimate(now).is_some_and(|known| known.uncertainty_us <= GOOD_US);
        let pause = match self.count {
            ..BURST => BURST_PAUSE_MS,
            BURST..MANY if !is_good => PAUSE_MS,
            _ => LONG_PAUSE_MS,
        };
        let pause = (pause << self.refused.min(16)).min(LONG_PAUSE_MS);
        // From three quarters of the pause to five.
        let pause = pause - pause / 4 + self.next_random() % (pause / 2);
        self.next = Some(now.after(pause));
        if self.asked.len() >= MAX_ASKED {
            self.asked.pop_front();
        }
        self.asked.push_back((number, now));
        true
    }

    /// Notes the answer to a ping.
    pub(super) fn answered(&mut self, now: Timestamp, number: u64, time: Option<u64>) {
        let Some(at) = self.asked.iter().position(|(asked, _)| *asked == number) else { return };
        let Some((_, sent)) = self.asked.remove(at) else { return };
        match time {
            Some(time) => {
                self.refused = 0;
                self.waiting.expect_clock(true);
                self.clock.note(sent, now, time);
            }
            None => {
                self.refused = self.refused.saturating_add(1);
                self.waiting.expect_clock(false);
            }
        }
    }

    /// What is known of the server's clock.
    pub(super) fn estimate(&self, now: Timestamp) -> Option<ClockEstimate> {
        self.clock.estimate(now)
    }

    /// Keeps an event that came at `now` and waits for its moment, or for one that does. Returns
    /// any other.
    pub(super) fn hold(&mut self, now: Timestamp, event: Event<P>) -> Option<Event<P>> {
        self.is_on |= matches!(event, Event::Action { at: Some(_), .. });
        self.waiting.hold(now, event)
    }

    /// The next event whose moment has come.
    pub(super) fn release(&mut self, now: Timestamp) -> Option<Event<P>> {
        self.waiting.release(now, &self.clock)
    }

    /// Whether something waits for its moment.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Drops the actions that wait, because the page ends its session. The rest need not wait any
    /// more.
    pub(super) fn drop_waiting(&mut self) {
        self.disconnected();
        self.waiting.drop_actions();
    }

    /// `SplitMix64`, as in [`Backoff`](super::backoff::Backoff).
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
