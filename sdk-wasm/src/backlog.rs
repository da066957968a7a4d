//! What came while the page was detached: kept to be told later, and bounded.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use rtbroadcaster_protocol::Event;

use crate::catch_up::CatchUp;
use crate::delivery::QueuedEvent;

/// How many entries are kept before they are conflated: as many actions as the server's ring holds for whoever lost its
/// connection (`--ring-actions`).
pub(crate) const MAX_EVENTS: usize = 4_096;

/// Characters of the messages that they came in, whichever comes first: as many as the ring holds bytes (`--ring-bytes`).
pub(crate) const MAX_CHARACTERS: usize = 4 * 1024 * 1024;

/// Actions and clears that the page was not told. Never more than the limits and what the room retained when the page
/// detached and retains now.
pub(crate) struct Backlog<P> {
    /// The oldest first.
    pub(crate) events: VecDeque<QueuedEvent<P>>,
    /// Of the messages, since the last conflation.
    characters: usize,
    /// How many were left by the last conflation.
    len_after_conflation: usize,
    /// How many were taken out since the page has detached.
    dropped: usize,
    /// Something is missing, which the page is to be told before it is told the rest.
    has_gap: bool,
}

impl<P> Backlog<P> {
    pub(crate) fn new() -> Self {
        Self { events: VecDeque::new(), characters: 0, len_after_conflation: 0, dropped: 0, has_gap: false }
    }

    /// Notes how long the message is of which an entry may come.
    pub(crate) fn note_size(&mut self, characters: usize) {
        self.characters = self.characters.saturating_add(characters);
    }

    /// Takes an action or a clear.
    pub(crate) fn push(&mut self, event: Event<P>) {
        // More than the limit only where so many slots are in use.
        if self.events.len() >= MAX_EVENTS.max(2 * self.len_after_conflation)
            || self.characters > MAX_CHARACTERS
        {
            self.note_gap();
        }
        self.events.push_back(QueuedEvent::Session(event));
    }

    /// What came between the last entry and the next one is missing: of the entries only the state counts.
    pub(crate) fn note_gap(&mut self) {
        self.conflate();
        self.has_gap = true;
    }

    /// The page wants all that is left, or only the state, which has no gaps.
    pub(crate) fn page_follows(&mut self, catch_up: CatchUp) {
        if catch_up == CatchUp::State {
            self.conflate();
            self.has_gap = false;
        }
        self.dropped = 0;
    }

    /// The page is detached again. What it has not caught up with stays.
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

    /// How many actions and clears the page was not told.
    pub(crate) fn behind(&self) -> usize {
        self.dropped + self.events.len()
    }

    /// Leaves only the newest entry of each slot, in the order in which they came, and no clear of a slot of which the
    /// page was told nothing.
    fn conflate(&mut self) {
        let len = self.events.len();
        // The newest of each slot, the newest of them first. A list that is searched: it is done once in thousands of entries,
        // and a page has to load whatever would be quicker.
        let mut newest_first: Vec<QueuedEvent<P>> = Vec::new();
        while let Some(mut event) = self.events.pop_back() {
            let Some((slot, knew_slot)) = slot_of(&mut event) else { continue };
            let newest = newest_first.iter_mut().filter_map(slot_of).find(|(other, _)| *other == slot);
            match newest {
                Some((_, knew_before)) => *knew_before = *knew_slot,
                None => newest_first.push(event),
            }
        }
        for event in newest_first {
            if !matches!(event, QueuedEvent::Session(Event::Cleared { knew_slot: false, .. })) {
                self.events.push_front(event);
            }
        }
        self.len_after_conflation = self.events.len();
        self.dropped += len - self.len_after_conflation;
        self.characters = 0;
    }
}

/// The slot of an entry, unless it is an action that is not retained, and whether the page knew it before.
fn slot_of<P>(event: &mut QueuedEvent<P>) -> Option<(&str, &mut bool)> {
    match event {
        QueuedEvent::Session(
            Event::Action { slot: Some(slot), knew_slot, .. } | Event::Cleared { slot, knew_slot },
        ) => Some((slot, knew_slot)),
        _ => None,
    }
}
