//! What came while the page was detached: kept for later, within bounds.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use rtbroadcaster_protocol::Event;

use crate::catch_up::CatchUp;
use crate::delivery::QueuedEvent;

/// How many events are kept before they are conflated. It equals the number of actions that the
/// server's ring holds by default for a page that lost its connection (`--ring-actions`).
pub(crate) const MAX_EVENTS: usize = 4_096;

/// How many characters their messages may have before they are conflated. It equals the number of
/// bytes that the ring holds by default (`--ring-bytes`).
pub(crate) const MAX_CHARACTERS: usize = 4 * 1024 * 1024;

/// Actions and clears that the page did not receive. Their number is bounded by the limits, plus
/// the slots that the room retained when the page detached and those that it retains now.
pub(crate) struct Backlog<P> {
    /// The oldest first.
    pub(crate) events: VecDeque<QueuedEvent<P>>,
    /// Characters of all messages since the last conflation.
    characters: usize,
    /// How many events the last conflation left.
    len_after_conflation: usize,
    /// How many events were removed since the page detached.
    dropped: usize,
    /// Something is missing. The page must learn of it before it receives the rest.
    has_gap: bool,
}

impl<P> Backlog<P> {
    pub(crate) fn new() -> Self {
        Self { events: VecDeque::new(), characters: 0, len_after_conflation: 0, dropped: 0, has_gap: false }
    }

    /// Notes the length of a message that may bring an event.
    pub(crate) fn note_size(&mut self, characters: usize) {
        self.characters = self.characters.saturating_add(characters);
    }

    /// Keeps an action or a clear.
    pub(crate) fn push(&mut self, event: Event<P>) {
        // More than the limit are kept only if that many slots are in use.
        if self.events.len() >= MAX_EVENTS.max(2 * self.len_after_conflation)
            || self.characters > MAX_CHARACTERS
        {
            self.note_gap();
        }
        self.events.push_back(QueuedEvent::Session(event));
    }

    /// Notes that something is missing between the last event and the next one. Of the events
    /// before the gap, only the state still counts.
    pub(crate) fn note_gap(&mut self) {
        self.conflate();
        self.has_gap = true;
    }

    /// The page follows again. If it wants only the state, a gap does not matter: the state has
    /// none.
    pub(crate) fn page_follows(&mut self, catch_up: CatchUp) {
        if catch_up == CatchUp::State {
            self.conflate();
            self.has_gap = false;
        }
        self.dropped = 0;
    }

    /// The page is detached. What it has not caught up with since the last time stays.
    pub(crate) fn page_detached(&mut self) {
        if self.is_empty() {
            self.characters = 0;
            self.len_after_conflation = 0;
        }
    }

    pub(crate) fn take_gap(&mut self) -> bool {
        core::mem::take(&mut self.has_gap)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty() && !self.has_gap
    }

    /// How many actions and clears the page did not receive.
    pub(crate) fn behind(&self) -> usize {
        self.dropped + self.events.len()
    }

    /// Leaves only the newest event of each slot, in the order in which they came. A clear is
    /// removed too if the page never received the slot's state message.
    fn conflate(&mut self) {
        let len = self.events.len();
        // The newest event of each slot, the newest first. It is a list that is searched: this runs
        // once in thousands of events, and every page would have to load a faster structure.
        let mut newest_first: Vec<QueuedEvent<P>> = Vec::new();
        while let Some(mut event) = self.events.pop_back() {
            let Some((slot, knew_slot)) = slot_of(&mut event) else { continue };
            let newest = newest_first.iter_mut().filter_map(slot_of).find(|(other, _)| *other == slot);
            match newest {
                Some((_, knew_before)) => *knew_before = *knew_slot,
                None => newest_first.push(event),
            }
        }
        while let Some(event) = newest_first.pop() {
            if !matches!(event, QueuedEvent::Session(Event::Cleared { knew_slot: false, .. })) {
                self.events.push_back(event);
            }
        }
        self.len_after_conflation = self.events.len();
        self.dropped += len - self.len_after_conflation;
        self.characters = 0;
    }
}

/// The slot of an event and whether the page knew it before; none for an action that is not
/// retained.
fn slot_of<P>(event: &mut QueuedEvent<P>) -> Option<(&str, &mut bool)> {
    match event {
        QueuedEvent::Session(
            Event::Action { slot: Some(slot), knew_slot, .. } | Event::Cleared { slot, knew_slot },
        ) => Some((slot, knew_slot)),
        _ => None,
    }
}
