//! The one function that JavaScript calls: the cores of all rooms of a page, by number.
//!
//! It takes and gives numbers only, so that wasm-bindgen need make no JavaScript for it; js/room.js calls it on the
//! module's exports. A class and texts as wasm-bindgen has them would cost every page a kilobyte more.

use alloc::vec::Vec;
use core::cell::RefCell;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::bridge::Bridge;
use crate::call;

/// The cores by their numbers, and none where a room is gone.
struct Cores(RefCell<Vec<Option<Bridge>>>);

// SAFETY: `Sync` means that threads may share it, and there are none: WebAssembly without the feature `atomics` has no
// instruction that would share its memory, each worker has an instance and a memory of its own, and with that feature
// this doesn't compile. Should it be entered while it is borrowed, the `RefCell` panics.
#[cfg(not(target_feature = "atomics"))]
#[allow(unsafe_code, reason = "see above")]
unsafe impl Sync for Cores {}

static CORES: Cores = Cores(RefCell::new(Vec::new()));

/// Calls a core: `what` is one of the numbers in `call.rs`, which say what the others mean. Not for pages.
///
/// `call::NEW` returns the number by which a new one is known until `call::FREE`; whatever is asked of one that isn't
/// there is answered by 0.
#[wasm_bindgen]
pub fn rtbroadcaster_call(core: i32, what: i32, now: f64, number: f64) -> f64 {
    let mut cores = CORES.0.borrow_mut();
    let (place, what) = (core as usize, what as u32);
    match what {
        call::NEW => {
            let free = cores.iter().position(Option::is_none);
            let place = free.unwrap_or(cores.len());
            if free.is_none() {
                cores.push(None);
            }
            cores[place] = Some(Bridge::new());
            place as f64
        }
        call::FREE => {
            if let Some(core) = cores.get_mut(place) {
                *core = None;
            }
            0.0
        }
        _ => {
            cores.get_mut(place).and_then(Option::as_mut).map_or(0.0, |bridge| bridge.call(what, now, number))
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn ask(core: f64, what: u32) -> f64 {
        rtbroadcaster_call(core as i32, what as i32, 0.0, 0.0)
    }

    #[wasm_bindgen_test]
    fn the_place_of_a_core_that_is_gone_is_given_to_the_next() {
        let new = || ask(0.0, call::NEW);
        let (one, other) = (new(), new());
        assert!(one != other);
        ask(one, call::SHARE_AUDIENCE);
        ask(one, call::FREE);
        assert_eq!(new(), one);
        assert!(new() > other);
    }

    #[wasm_bindgen_test]
    fn what_is_asked_of_a_core_that_is_gone_is_answered_by_0() {
        let gone = ask(0.0, call::NEW);
        ask(gone, call::FREE);
        for what in [call::FREE, call::CLOSE, call::NEXT, call::TEXT] {
            assert_eq!(ask(gone, what), 0.0);
            assert_eq!(ask(1e9, what), 0.0);
        }
    }
}
