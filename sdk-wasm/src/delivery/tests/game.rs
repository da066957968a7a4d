//! Random games of a page that detaches and follows again. It is compared with a page that never
//! detaches, and with what the room retains.

use std::collections::BTreeMap;

use super::*;

#[wasm_bindgen_test]
fn catching_up_with_every_event_equals_never_having_detached() {
    for seed in 0..200 {
        let game = play(seed, Every, 0, |_, _| {});
        assert_eq!(game.page.delivered, game.live.delivered, "seed {seed}");
    }
}

#[wasm_bindgen_test]
fn catching_up_with_every_event_after_a_resync_reports_the_gap_and_is_complete_from_there() {
    for seed in 0..200 {
        let game = play(seed, Every, 20, |_, _| {});
        assert_eq!(game.shown(&game.page.delivered), game.room.retained, "seed {seed}");
        let last = game.live.delivered.iter().rposition(|delivered| *delivered == Resync);
        let since = last.map_or(0, |at| at + 1);
        assert!(game.page.delivered.ends_with(&game.live.delivered[since..]), "seed {seed}");
        assert_eq!(last.is_some(), game.page.delivered.contains(&Resync), "seed {seed}");
    }
}

#[wasm_bindgen_test]
fn catching_up_with_the_state_equals_joining_afresh() {
    for seed in 0..200 {
        let game = play(seed, State, 20, |game, delivered| {
            assert_eq!(game.shown(&game.page.delivered), game.room.retained, "seed {seed}");
            assert!(!delivered.contains(&Resync), "seed {seed}");
            let values = delivered
                .iter()
                .filter_map(|delivered| if let Run(_, value) = delivered { Some(value) } else { None });
            assert!(values.clone().is_sorted(), "seed {seed}");
            assert!(values.clone().all(|value| game.room.slots.contains_key(value)), "seed {seed}");
            let mut slots: Vec<_> = values.map(|value| &game.room.slots[value]).collect();
            slots.extend(
                delivered
                    .iter()
                    .filter_map(|delivered| if let Clear(slot) = delivered { Some(slot) } else { None }),
            );
            slots.sort();
            assert!(slots.is_sorted_by(|one, other| one < other), "seed {seed}: a slot is delivered twice");
        });
        assert_eq!(game.shown(&game.page.delivered), game.room.retained, "seed {seed}");
    }
}

/// What a room retains, and what of that its followers' sessions have delivered.
#[derive(Default)]
struct Room {
    /// Slot → value. Values only grow.
    retained: BTreeMap<String, u32>,
    handed: BTreeMap<String, u32>,
    /// Value → slot.
    slots: BTreeMap<u32, String>,
    written: u32,
}

impl Room {
    /// The owner does something.
    fn act(&mut self, random: &mut Random) -> Event<u32> {
        self.written += 1;
        let slot = format!("slot {}", random.below(5));
        match random.below(5) {
            0 => action("show", self.written, None),
            1 if self.retained.remove(&slot).is_some() => cleared(&slot),
            _ => {
                self.retained.insert(slot.clone(), self.written);
                self.slots.insert(self.written, slot.clone());
                action("show", self.written, Some(&slot))
            }
        }
    }

    /// The owner does something, and the followers receive it.
    fn next(&mut self, random: &mut Random) -> Vec<Event<u32>> {
        let event = self.act(random);
        self.handed = self.retained.clone();
        [event].into()
    }

    /// The owner does a lot, and the followers miss it. Returns the events of a session that
    /// resyncs.
    fn resync(&mut self, random: &mut Random) -> Vec<Event<u32>> {
        for _ in 0..random.below(10) {
            self.act(random);
        }
        let handed = core::mem::replace(&mut self.handed, self.retained.clone());
        let mut news: Vec<_> =
            self.retained.iter().filter(|(slot, value)| handed.get(*slot) != Some(value)).collect();
        news.sort_by_key(|(_, value)| **value);
        let news = news.into_iter().map(|(slot, value)| action("show", *value, Some(slot)));
        let gone = handed.keys().filter(|slot| !self.retained.contains_key(*slot)).map(|slot| cleared(slot));
        [Event::Resync].into_iter().chain(news).chain(gone).collect()
    }
}

struct Game {
    room: Room,
    /// Never detaches.
    live: Page,
    /// Detaches and follows, sometimes in the middle of catching up; it follows at the end.
    page: Page,
}

impl Game {
    /// What a page shows that received this: slot → value.
    fn shown(&self, delivered: &[Delivered]) -> BTreeMap<String, u32> {
        let mut shown = BTreeMap::new();
        for delivered in delivered {
            match delivered {
                Run(_, value) => {
                    if let Some(slot) = self.room.slots.get(value) {
                        shown.insert(slot.clone(), *value);
                    }
                }
                Clear(slot) => {
                    shown.remove(slot);
                }
                _ => {}
            }
        }
        shown
    }
}

/// Plays one game. `resyncs` is the percentage of events that are missed. `check` sees what each
/// catching up has delivered.
fn play(seed: u64, catch_up: CatchUp, resyncs: u64, check: impl Fn(&Game, &[Delivered])) -> Game {
    let mut random = Random(seed);
    let mut game = Game { room: Room::default(), live: Page::new(), page: Page::new() };
    for _ in 0..200 {
        let missed = random.below(100) < resyncs;
        let events = if missed { game.room.resync(&mut random) } else { game.room.next(&mut random) };
        for event in events {
            game.live.receive(copy(&event));
            game.page.receive(event);
        }
        match random.below(12) {
            0..3 => game.page.delivery.detach(),
            3 => {
                game.page.delivery.follow(catch_up);
                for _ in 0..random.below(4) {
                    game.page.step();
                }
                game.page.delivery.detach();
            }
            4 => {
                let delivered = game.page.follow(catch_up);
                check(&game, &delivered);
            }
            _ => {}
        }
    }
    game.page.follow(catch_up);
    game
}

/// Random numbers from a seed: splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
