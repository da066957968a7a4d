//! The events that wait for their moment. What is told to the page keeps its order: whatever comes
//! after an action that waits, waits with it.

use alloc::collections::VecDeque;
use alloc::string::String;

use super::Event;
use super::clock::Clock;
use crate::Timestamp;
use crate::mutation::mutated;

/// How long an action waits for the first exchange, in milliseconds. Then it runs: a page that
/// doesn't know its server's clock can't know the moment.
const NO_CLOCK_MS: u64 = 5_000;
/// No action waits for longer, in milliseconds: no server lets it be further ahead.
const MAX_WAIT_MS: u64 = 60_000;
/// When this many events wait, only the newest of each slot stay, as of a page that is far behind.
/// It is the number of actions that a server's ring holds by default.
const MAX_EVENTS: usize = 4_096;

/// The events that wait.
#[derive(Debug)]
pub(super) struct Waiting<P> {
    /// Each with the moment of the page's clock at which it came, the oldest first.
    events: VecDeque<(Timestamp, Event<P>)>,
    /// The page's clock may have stood still before this moment.
    woke_at: Timestamp,
    /// How many events there may be before only the newest of each slot stay.
    max_events: usize,
    /// The server doesn't tell its time, so nothing waits for the first exchange.
    has_no_clock: bool,
    /// Nothing waits any more.
    is_over: bool,
}

impl<P> Default for Waiting<P> {
    fn default() -> Self {
        Self {
            events: VecDeque::new(),
            woke_at: Timestamp::default(),
            max_events: MAX_EVENTS,
            has_no_clock: false,
            is_over: false,
        }
    }
}

impl<P> Waiting<P> {
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Keeps an event that has a moment or comes after one that has. Returns any other: also those
    /// that are no part of what the room's owner says.
    pub(super) fn hold(&mut self, now: Timestamp, event: Event<P>) -> Option<Event<P>> {
        let is_own = matches!(event, Event::Answered { .. } | Event::Refused(_) | Event::AttemptFailed);
        let overtakes = mutated!(OvertakeWaiting) && matches!(event, Event::Action { at: None, .. });
        let waits = moment_of(&event).is_some() || !self.is_empty();
        if self.is_over || is_own || overtakes || !waits {
            return Some(event);
        }
        self.events.push_back((now, event));
        if self.events.len() > self.max_events {
            self.conflate();
        }
        None
    }

    /// Notes that the page has slept.
    pub(super) fn woke(&mut self, now: Timestamp) {
        self.woke_at = now;
    }

    /// Notes whether the server tells its time. If it doesn't, nothing waits for that.
    pub(super) fn expect_clock(&mut self, is_expected: bool) {
        self.has_no_clock = !is_expected;
    }

    /// When the oldest event is to be handed over. None if there is none.
    pub(super) fn due(&self, clock: &Clock) -> Option<Timestamp> {
        let (came, event) = self.events.front()?;
        let Some(at) = moment_of(event) else { return Some(*came) };
        let since = self.woke_at.max(*came);
        Some(match clock.moment_of(at) {
            Some(moment) => moment.min(since.after(MAX_WAIT_MS)),
            None if self.has_no_clock => since,
            None => since.after(NO_CLOCK_MS),
        })
    }

    /// The oldest event, if it is to be handed over now.
    pub(super) fn release(&mut self, now: Timestamp, clock: &Clock) -> Option<Event<P>> {
        if self.due(clock)? > now {
            return None;
        }
        self.events.pop_front().map(|(_, event)| event)
    }

    /// Drops the actions that wait. Nothing waits any more.
    pub(super) fn drop_actions(&mut self) {
        self.is_over = true;
        self.events.retain(|(_, event)| {
            !matches!(event, Event::Action { .. } | Event::Cleared { .. } | Event::Resync)
        });
    }

    /// Leaves only the newest event of each slot, and what is no action. The page learns that
    /// something is missing.
    fn conflate(&mut self) {
        let mut kept: VecDeque<(Timestamp, Event<P>)> = VecDeque::new();
        while let Some((came, mut event)) = self.events.pop_back() {
            let Some((slot, knew_slot)) = slot_of(&mut event) else {
                if !matches!(event, Event::Action { .. } | Event::Resync) {
                    kept.push_front((came, event));
                }
                continue;
            };
            let newer = kept.iter_mut().filter_map(|(_, event)| slot_of(event));
            match newer.into_iter().find(|(other, _)| *other == slot) {
                Some((_, knew_before)) => *knew_before = *knew_slot,
                None => kept.push_front((came, event)),
            }
        }
        kept.retain(|(_, event)| !matches!(event, Event::Cleared { knew_slot: false, .. }));
        kept.push_front((self.woke_at, Event::Resync));
        self.max_events = MAX_EVENTS.max(2 * kept.len());
        self.events = kept;
    }
}

/// The moment at which an event is to be handed over. None if it has none.
fn moment_of<P>(event: &Event<P>) -> Option<u64> {
    if let Event::Action { at, .. } = event { *at } else { None }
}

/// The slot that an event is about, and whether the page knew it before.
fn slot_of<P>(event: &mut Event<P>) -> Option<(&String, &mut bool)> {
    match event {
        Event::Action { slot: Some(slot), knew_slot, .. } | Event::Cleared { slot, knew_slot } => {
            Some((slot, knew_slot))
        }
        _ => None,
    }
}
