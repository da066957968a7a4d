//! A page that detaches and follows again.

mod game;

use std::borrow::ToOwned;
use std::collections::BTreeSet;
use std::format;
use std::string::String;
use std::vec::Vec;

use wasm_bindgen_test::wasm_bindgen_test;

use rtbroadcaster_protocol::EndReason;

use super::*;
use crate::backlog;

const MAX_EVENTS: u32 = backlog::MAX_EVENTS as u32;

#[derive(Clone, Debug, PartialEq)]
enum Delivered {
    /// The function key and the params.
    Run(String, u32),
    Clear(String),
    Resync,
    Status,
    End,
}

use CatchUp::{Every, State};
use Delivered::{Clear, End, Resync, Run, Status};

/// A page, and all that was delivered to it.
struct Page {
    delivery: Delivery<u32>,
    delivered: Vec<Delivered>,
    /// The slots whose state messages it received, as a session knows them.
    known: BTreeSet<String>,
}

impl Page {
    /// A page in its room, with a function for `show`.
    fn new() -> Self {
        let mut delivery = Delivery::new();
        delivery.push(QueuedEvent::Session(Event::Entered));
        assert!(matches!(delivery.next_step(), Some(Step::Enter)));
        delivery.open();
        delivery.registry().register("show".to_owned(), 1);
        Self { delivery, delivered: Vec::new(), known: BTreeSet::new() }
    }

    /// Performs one step, if there is one.
    fn step(&mut self) -> bool {
        let delivered = match self.delivery.next_step() {
            None => return false,
            Some(Step::Run(_, action)) => Run(action.key, action.params),
            Some(Step::TellCleared(slot)) => Clear(slot),
            Some(Step::TellResync) => Resync,
            Some(Step::TellStatus) => Status,
            Some(Step::End(_)) => End,
            Some(_) => panic!("nothing else is told here"),
        };
        self.delivered.push(delivered);
        true
    }

    fn receive(&mut self, mut event: Event<u32>) {
        match &mut event {
            Event::Action { slot: Some(slot), knew_slot, .. } => {
                *knew_slot = !self.known.insert(slot.clone());
            }
            Event::Cleared { slot, knew_slot } => *knew_slot = self.known.remove(slot),
            _ => {}
        }
        self.delivery.push(QueuedEvent::Session(event));
        while self.step() {}
    }

    fn show(&mut self, params: u32, slot: Option<&str>) {
        self.receive(action("show", params, slot));
    }

    /// Follows, and returns what is delivered at once.
    fn follow(&mut self, catch_up: CatchUp) -> Vec<Delivered> {
        let before = self.delivered.len();
        self.delivery.follow(catch_up);
        while self.step() {}
        assert_eq!(self.delivery.behind(), 0);
        self.delivered[before..].to_vec()
    }
}

fn action(key: &str, params: u32, slot: Option<&str>) -> Event<u32> {
    Event::Action { key: key.to_owned(), params, slot: slot.map(str::to_owned), knew_slot: false, at: None }
}

/// Copies an event. Events are not `Clone`, because outside of tests none is delivered twice.
fn copy(event: &Event<u32>) -> Event<u32> {
    match event {
        Event::Action { key, params, slot, .. } => action(key, *params, slot.as_deref()),
        Event::Cleared { slot, .. } => cleared(slot),
        Event::Resync => Event::Resync,
        _ => panic!("the room sends nothing else"),
    }
}

fn cleared(slot: &str) -> Event<u32> {
    Event::Cleared { slot: slot.to_owned(), knew_slot: false }
}

fn shows(params: impl IntoIterator<Item = u32>) -> Vec<Delivered> {
    params.into_iter().map(|params| Run("show".to_owned(), params)).collect()
}

#[wasm_bindgen_test]
fn a_detached_page_receives_no_actions_and_clears_until_it_catches_up() {
    let mut page = Page::new();
    page.delivery.follow(Every);
    page.delivery.detach();
    page.show(1, Some("a"));
    page.receive(Event::Status(SessionStatus::Reconnecting));
    page.show(2, None);
    page.delivery.detach();
    page.receive(cleared("b"));
    assert_eq!(page.delivered, [Status]);
    assert!(page.delivery.is_detached() && !page.delivery.is_on_fast_path());
    assert_eq!(page.delivery.behind(), 3);
    assert_eq!(page.follow(Every), [shows([1, 2]), [Clear("b".to_owned())].into()].concat());
    assert!(!page.delivery.is_detached() && page.delivery.is_on_fast_path());
}

#[wasm_bindgen_test]
fn the_state_is_the_newest_of_each_slot_in_the_order_of_the_writes() {
    let mut page = Page::new();
    page.show(0, Some("b"));
    page.delivery.detach();
    for (params, slot) in [(1, Some("a")), (2, Some("b")), (3, None), (4, Some("a")), (5, Some("c"))] {
        page.show(params, slot);
    }
    page.receive(cleared("b"));
    assert_eq!(page.delivery.behind(), 6);
    assert_eq!(page.follow(State), [shows([4, 5]), [Clear("b".to_owned())].into()].concat());
}

#[wasm_bindgen_test]
fn the_state_omits_a_slot_that_came_and_went() {
    for conflations in [false, true] {
        let mut page = Page::new();
        page.show(1, Some("known"));
        page.delivery.detach();
        for params in [2, 3] {
            for slot in ["known", "new", "never cleared"] {
                page.show(params, Some(slot));
                if conflations {
                    page.delivery.backlog.note_gap();
                }
            }
            for slot in ["known", "new", "never set"] {
                page.receive(cleared(slot));
                if conflations {
                    page.delivery.backlog.note_gap();
                }
            }
        }
        page.show(4, Some("new"));
        page.receive(cleared("new"));
        assert_eq!(page.follow(State), [shows([3]), [Clear("known".to_owned())].into()].concat());
    }
}

#[wasm_bindgen_test]
fn a_function_that_detaches_is_followed_by_no_other() {
    for catch_up in [Every, State] {
        let mut page = Page::new();
        page.delivery.detach();
        for params in 1..=5 {
            page.show(params, Some(&format!("{params}")));
        }
        page.delivery.follow(catch_up);
        assert!(page.step() && page.step());
        page.delivery.detach();
        assert_eq!(page.delivery.behind(), 3);
        assert!(!page.step());
        page.show(6, Some("6"));
        assert_eq!(page.delivery.behind(), 4);
        assert_eq!(page.delivered, shows([1, 2]));
        assert_eq!(page.follow(catch_up), shows(3..=6));
    }
}

#[wasm_bindgen_test]
fn beyond_its_bound_a_backlog_is_the_state_after_a_resync() {
    let filled = |count: u32| {
        let mut page = Page::new();
        page.delivery.detach();
        page.show(1, Some("a"));
        page.show(2, Some("a"));
        for params in 3..=count {
            page.show(params, None);
        }
        assert_eq!(page.delivery.behind(), count as usize);
        page
    };
    assert_eq!(filled(MAX_EVENTS).follow(Every), shows(1..=MAX_EVENTS));
    assert_eq!(filled(MAX_EVENTS + 1).follow(Every), [[Resync].into(), shows([2, MAX_EVENTS + 1])].concat());
    assert_eq!(filled(MAX_EVENTS + 1).follow(State), shows([2]));
    // No more is kept, however long it goes on.
    assert!(filled(10 * MAX_EVENTS).follow(Every).len() <= MAX_EVENTS as usize + 1);
}

#[wasm_bindgen_test]
fn slots_that_come_and_go_do_not_pile_up() {
    let mut page = Page::new();
    page.delivery.detach();
    for params in 0..5 * MAX_EVENTS {
        let slot = format!("{params}");
        page.show(params, Some(&slot));
        page.receive(cleared(&slot));
        page.receive(cleared(&format!("never set {params}")));
    }
    assert_eq!(page.delivery.behind(), 15 * MAX_EVENTS as usize);
    assert!(page.follow(Every).len() <= MAX_EVENTS as usize + 1);
}

#[wasm_bindgen_test]
fn the_characters_of_its_messages_bound_a_backlog() {
    let note_size = |page: &mut Page, quarters: u32| {
        for params in 1..=quarters {
            page.delivery.note_size(backlog::MAX_CHARACTERS / 4);
            page.show(params, None);
        }
    };
    let mut page = Page::new();
    page.delivery.detach();
    note_size(&mut page, 4);
    assert_eq!(page.follow(Every), shows(1..=4));
    // What was delivered does not count any more, nor does what comes while the page follows.
    note_size(&mut page, 4);
    page.delivery.detach();
    note_size(&mut page, 4);
    assert_eq!(page.follow(Every), shows(1..=4));
    page.delivery.detach();
    note_size(&mut page, 5);
    assert_eq!(page.follow(Every), [[Resync].into(), shows([5])].concat());
    page.delivery.detach();
    note_size(&mut page, 8);
    assert_eq!(page.follow(Every), [[Resync].into(), shows(5..=8)].concat());
}

#[wasm_bindgen_test]
fn a_resync_of_a_detached_page_leaves_the_state_and_is_told_first() {
    for catch_up in [Every, State] {
        let mut page = Page::new();
        page.delivery.detach();
        page.show(1, Some("a"));
        page.show(2, None);
        page.receive(Event::Resync);
        page.show(3, Some("b"));
        page.receive(cleared("a"));
        assert_eq!(page.delivered, []);
        assert_eq!(page.delivery.behind(), 4);
        let every_one = [[Resync].into(), shows([1, 3]), [Clear("a".to_owned())].into()].concat();
        assert_eq!(page.follow(catch_up), if catch_up == Every { every_one } else { shows([3]) });
    }
}

#[wasm_bindgen_test]
fn the_state_of_more_slots_than_the_bound_is_complete() {
    let slots = MAX_EVENTS + 100;
    let filled = || {
        let mut page = Page::new();
        page.delivery.detach();
        for params in 0..2 * slots {
            page.show(params, Some(&format!("{}", params % slots)));
        }
        page
    };
    let mut page = filled();
    assert_eq!(page.delivery.behind(), 2 * slots as usize);
    assert_eq!(page.follow(State), shows(slots..2 * slots));
    // There is still space for actions that are not state messages.
    let mut page = filled();
    page.show(1, None);
    page.show(2, None);
    assert!(page.follow(Every).ends_with(&shows([1, 2])));
}

#[wasm_bindgen_test]
fn a_function_registered_while_detached_gets_what_waited_after_catching_up() {
    for catch_up in [Every, State] {
        let mut page = Page::new();
        for slot in ["a", "b", "c"] {
            page.receive(action("late", 1, Some(slot)));
        }
        page.delivery.detach();
        page.receive(action("late", 2, Some("a")));
        page.receive(cleared("b"));
        page.delivery.registry().register("late".to_owned(), 2);
        assert!(!page.step());
        let late = |params| Run("late".to_owned(), params);
        // State messages that were overwritten or cleared since no longer wait.
        assert_eq!(page.follow(catch_up), [late(2), Clear("b".to_owned()), late(1)]);
    }
}

#[wasm_bindgen_test]
fn the_end_is_told_at_once_and_the_backlog_is_dropped() {
    let mut page = Page::new();
    page.delivery.detach();
    page.show(1, Some("a"));
    page.receive(Event::Ended(EndReason::RoomClosed));
    assert_eq!(page.delivered, [End]);
    page.delivery.detach();
    assert!(!page.delivery.is_detached());
    assert_eq!(page.delivery.behind(), 0);
    assert_eq!(page.follow(Every), []);
}
