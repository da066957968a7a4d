//! A page that detaches and follows.

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

const LIMIT: u32 = backlog::LIMIT as u32;

#[derive(Clone, Debug, PartialEq)]
enum Told {
    /// The function key and the params.
    Run(String, u32),
    Clear(String),
    Resync,
    Status,
    End,
}

use Told::{Clear, End, Resync, Run, Status};

/// A page, and all that it was told.
struct Page {
    delivery: Delivery<u32>,
    told: Vec<Told>,
    /// The slots that it was handed, as a session knows them.
    known: BTreeSet<String>,
}

impl Page {
    /// In its room, with a function for `show`.
    fn new() -> Self {
        let mut delivery = Delivery::new();
        delivery.push(News::Event(Event::Entered));
        assert!(matches!(delivery.next(), Some(Step::Enter)));
        delivery.open();
        delivery.registry().register("show".to_owned(), 1);
        Self { delivery, told: Vec::new(), known: BTreeSet::new() }
    }

    /// Takes one step, if there is one.
    fn step(&mut self) -> bool {
        let told = match self.delivery.next() {
            None => return false,
            Some(Step::Run(_, action)) => Run(action.key, action.params),
            Some(Step::TellCleared(slot)) => Clear(slot),
            Some(Step::TellResync) => Resync,
            Some(Step::TellStatus) => Status,
            Some(Step::End(_)) => End,
            Some(_) => panic!("nothing else is told here"),
        };
        self.told.push(told);
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
        self.delivery.push(News::Event(event));
        while self.step() {}
    }

    fn show(&mut self, params: u32, slot: Option<&str>) {
        self.receive(action("show", params, slot));
    }

    /// Follows, and returns what it is told at once.
    fn follow(&mut self, every: bool) -> Vec<Told> {
        let before = self.told.len();
        self.delivery.follow(every);
        while self.step() {}
        assert_eq!(self.delivery.behind(), 0);
        self.told[before..].to_vec()
    }
}

fn action(key: &str, params: u32, slot: Option<&str>) -> Event<u32> {
    Event::Action { key: key.to_owned(), params, slot: slot.map(str::to_owned), knew_slot: false }
}

/// Events can't be cloned: outside of tests nothing is told twice.
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

fn shows(params: impl IntoIterator<Item = u32>) -> Vec<Told> {
    params.into_iter().map(|params| Run("show".to_owned(), params)).collect()
}

#[wasm_bindgen_test]
fn a_detached_page_is_told_all_but_actions_and_clears_and_catches_up_with_every_one() {
    let mut page = Page::new();
    page.delivery.follow(true);
    page.delivery.detach();
    page.show(1, Some("a"));
    page.receive(Event::Status(SessionStatus::Reconnecting));
    page.show(2, None);
    page.delivery.detach();
    page.receive(cleared("b"));
    assert_eq!(page.told, [Status]);
    assert!(page.delivery.is_detached() && !page.delivery.is_straight());
    assert_eq!(page.delivery.behind(), 3);
    assert_eq!(page.follow(true), [shows([1, 2]), [Clear("b".to_owned())].into()].concat());
    assert!(!page.delivery.is_detached() && page.delivery.is_straight());
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
    assert_eq!(page.follow(false), [shows([4, 5]), [Clear("b".to_owned())].into()].concat());
}

#[wasm_bindgen_test]
fn the_state_says_nothing_of_a_slot_that_came_and_went() {
    for conflations in [false, true] {
        let mut page = Page::new();
        page.show(1, Some("known"));
        page.delivery.detach();
        for params in [2, 3] {
            for slot in ["known", "new", "never cleared"] {
                page.show(params, Some(slot));
                if conflations {
                    page.delivery.backlog.miss();
                }
            }
            for slot in ["known", "new", "never set"] {
                page.receive(cleared(slot));
                if conflations {
                    page.delivery.backlog.miss();
                }
            }
        }
        page.show(4, Some("new"));
        page.receive(cleared("new"));
        assert_eq!(page.follow(false), [shows([3]), [Clear("known".to_owned())].into()].concat());
    }
}

#[wasm_bindgen_test]
fn a_function_that_detaches_is_followed_by_no_other() {
    for every in [true, false] {
        let mut page = Page::new();
        page.delivery.detach();
        for params in 1..=5 {
            page.show(params, Some(&format!("{params}")));
        }
        page.delivery.follow(every);
        assert!(page.step() && page.step());
        page.delivery.detach();
        assert_eq!(page.delivery.behind(), 3);
        assert!(!page.step());
        page.show(6, Some("6"));
        assert_eq!(page.delivery.behind(), 4);
        assert_eq!(page.told, shows([1, 2]));
        assert_eq!(page.follow(every), shows(3..=6));
    }
}

#[wasm_bindgen_test]
fn beyond_its_bound_a_backlog_is_the_state_and_says_so() {
    let filled = |entries: u32| {
        let mut page = Page::new();
        page.delivery.detach();
        page.show(1, Some("a"));
        page.show(2, Some("a"));
        for params in 3..=entries {
            page.show(params, None);
        }
        assert_eq!(page.delivery.behind(), entries as usize);
        page
    };
    assert_eq!(filled(LIMIT).follow(true), shows(1..=LIMIT));
    assert_eq!(filled(LIMIT + 1).follow(true), [[Resync].into(), shows([2, LIMIT + 1])].concat());
    assert_eq!(filled(LIMIT + 1).follow(false), shows([2]));
    // However long it goes on, no more is kept.
    assert!(filled(10 * LIMIT).follow(true).len() <= LIMIT as usize + 1);
}

#[wasm_bindgen_test]
fn slots_that_come_and_go_do_not_pile_up() {
    let mut page = Page::new();
    page.delivery.detach();
    for params in 0..5 * LIMIT {
        let slot = format!("{params}");
        page.show(params, Some(&slot));
        page.receive(cleared(&slot));
        page.receive(cleared(&format!("never set {params}")));
    }
    assert_eq!(page.delivery.behind(), 15 * LIMIT as usize);
    assert!(page.follow(true).len() <= LIMIT as usize + 1);
}

#[wasm_bindgen_test]
fn a_backlog_of_long_messages_is_bounded_by_their_characters() {
    let weigh = |page: &mut Page, quarters: u32| {
        for params in 1..=quarters {
            page.delivery.weigh(backlog::LIMIT_CHARACTERS / 4);
            page.show(params, None);
        }
    };
    let mut page = Page::new();
    page.delivery.detach();
    weigh(&mut page, 4);
    assert_eq!(page.follow(true), shows(1..=4));
    // What was told weighs nothing any more, nor does what comes while the page follows.
    weigh(&mut page, 4);
    page.delivery.detach();
    weigh(&mut page, 4);
    assert_eq!(page.follow(true), shows(1..=4));
    page.delivery.detach();
    weigh(&mut page, 5);
    assert_eq!(page.follow(true), [[Resync].into(), shows([5])].concat());
    page.delivery.detach();
    weigh(&mut page, 8);
    assert_eq!(page.follow(true), [[Resync].into(), shows(5..=8)].concat());
}

#[wasm_bindgen_test]
fn a_resync_of_a_detached_page_leaves_the_state_and_is_told_first() {
    for every in [true, false] {
        let mut page = Page::new();
        page.delivery.detach();
        page.show(1, Some("a"));
        page.show(2, None);
        page.receive(Event::Resync);
        page.show(3, Some("b"));
        page.receive(cleared("a"));
        assert_eq!(page.told, []);
        assert_eq!(page.delivery.behind(), 4);
        let every_one = [[Resync].into(), shows([1, 3]), [Clear("a".to_owned())].into()].concat();
        assert_eq!(page.follow(every), if every { every_one } else { shows([3]) });
    }
}

#[wasm_bindgen_test]
fn the_state_of_more_slots_than_the_bound_is_complete() {
    let slots = LIMIT + 100;
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
    assert_eq!(page.follow(false), shows(slots..2 * slots));
    // And there is still place for what is no state.
    let mut page = filled();
    page.show(1, None);
    page.show(2, None);
    assert!(page.follow(true).ends_with(&shows([1, 2])));
}

#[wasm_bindgen_test]
fn a_function_registered_while_detached_gets_what_waited_after_catching_up() {
    for every in [true, false] {
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
        // What was overwritten or cleared meanwhile waits no more.
        assert_eq!(page.follow(every), [late(2), Clear("b".to_owned()), late(1)]);
    }
}

#[wasm_bindgen_test]
fn the_end_is_told_at_once_and_the_backlog_is_dropped() {
    let mut page = Page::new();
    page.delivery.detach();
    page.show(1, Some("a"));
    page.receive(Event::Ended(EndReason::RoomClosed));
    assert_eq!(page.told, [End]);
    page.delivery.detach();
    assert!(!page.delivery.is_detached());
    assert_eq!(page.delivery.behind(), 0);
    assert_eq!(page.follow(true), []);
}
