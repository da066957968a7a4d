//! Random games of a page that detaches and follows, beside one that never does, and beside what the room retains.

use std::collections::BTreeMap;

use super::*;

#[wasm_bindgen_test]
fn every_is_what_a_page_is_told_that_never_detached() {
    for seed in 0..200 {
        let game = play(seed, true, 0, |_, _| {});
        assert_eq!(game.page.told, game.live.told, "seed {seed}");
    }
}

#[wasm_bindgen_test]
fn every_after_a_resync_says_that_something_is_missing_and_is_complete_from_there_on() {
    for seed in 0..200 {
        let game = play(seed, true, 20, |_, _| {});
        assert_eq!(game.shown(&game.page.told), game.room.retained, "seed {seed}");
        let last = game.live.told.iter().rposition(|told| *told == Resync);
        let since = last.map_or(0, |at| at + 1);
        assert!(game.page.told.ends_with(&game.live.told[since..]), "seed {seed}");
        assert_eq!(last.is_some(), game.page.told.contains(&Resync), "seed {seed}");
    }
}

#[wasm_bindgen_test]
fn state_is_what_a_page_is_told_that_joins_afresh() {
    for seed in 0..200 {
        let game = play(seed, false, 20, |game, told| {
            assert_eq!(game.shown(&game.page.told), game.room.retained, "seed {seed}");
            assert!(!told.contains(&Resync), "seed {seed}");
            let values =
                told.iter().filter_map(|told| if let Run(_, value) = told { Some(value) } else { None });
            assert!(values.clone().is_sorted(), "seed {seed}");
            assert!(values.clone().all(|value| game.room.slots.contains_key(value)), "seed {seed}");
            let mut slots: Vec<_> = values.map(|value| &game.room.slots[value]).collect();
            slots.extend(
                told.iter().filter_map(|told| if let Clear(slot) = told { Some(slot) } else { None }),
            );
            slots.sort();
            assert!(slots.is_sorted_by(|one, other| one < other), "seed {seed}: a slot is told of twice");
        });
        assert_eq!(game.shown(&game.page.told), game.room.retained, "seed {seed}");
    }
}

/// What a room retains, and what its followers' sessions have handed over of that.
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

    /// What the followers are told of it.
    fn next(&mut self, random: &mut Random) -> Vec<Event<u32>> {
        let event = self.act(random);
        self.handed = self.retained.clone();
        [event].into()
    }

    /// The owner does a lot, and the followers miss it: what a session says of that.
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
    /// Detaches and follows, now and then in the middle of catching up, and follows in the end.
    page: Page,
}

impl Game {
    /// What a page shows that was told this: slot → value.
    fn shown(&self, told: &[Told]) -> BTreeMap<String, u32> {
        let mut shown = BTreeMap::new();
        for told in told {
            match told {
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

/// Resyncs in so many of a hundred cases. `check` sees what each catching up has told.
fn play(seed: u64, every: bool, resyncs: u64, check: impl Fn(&Game, &[Told])) -> Game {
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
                game.page.delivery.follow(every);
                for _ in 0..random.below(4) {
                    game.page.step();
                }
                game.page.delivery.detach();
            }
            4 => {
                let told = game.page.follow(every);
                check(&game, &told);
            }
            _ => {}
        }
    }
    game.page.follow(every);
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
