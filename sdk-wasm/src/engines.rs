//! The one function that JavaScript calls, and the engines of all rooms of a page by their numbers.
//!
//! The function takes and returns only numbers, so that wasm-bindgen generates no JavaScript for
//! it; js/room.js calls it on the module's exports. A class and texts in wasm-bindgen's way would
//! cost every page a kilobyte more.

use alloc::vec::Vec;
use core::cell::RefCell;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::bridge::Bridge;
use crate::opcode;

/// The engines by their numbers; none where an engine was freed.
struct Engines(RefCell<Vec<Option<Bridge>>>);

// SAFETY: `Sync` means that threads may share it, and there are no threads. WebAssembly without the
// feature `atomics` has no instruction that would share its memory, and each worker has an instance
// and a memory of its own. With that feature this doesn't compile. If it were entered while it is
// borrowed, the `RefCell` would panic.
#[cfg(not(target_feature = "atomics"))]
#[allow(unsafe_code, reason = "see above")]
unsafe impl Sync for Engines {}

static ENGINES: Engines = Engines(RefCell::new(Vec::new()));

/// Calls an engine. `opcode` is one of those in `opcode.rs`, where the meaning of `now` and
/// `number` is documented. Not for pages.
///
/// `opcode::NEW_ENGINE` returns the number of a new engine, which is valid until
/// `opcode::FREE_ENGINE`. A call to an engine that isn't there returns 0.
#[wasm_bindgen]
pub fn rtbroadcaster_call(engine: i32, opcode: i32, now: f64, number: f64) -> f64 {
    let mut engines = ENGINES.0.borrow_mut();
    let (index, opcode) = (engine as usize, opcode as u32);
    match opcode {
        opcode::NEW_ENGINE => {
            let free = engines.iter().position(Option::is_none);
            let index = free.unwrap_or(engines.len());
            if free.is_none() {
                engines.push(None);
            }
            engines[index] = Some(Bridge::new());
            index as f64
        }
        opcode::FREE_ENGINE => {
            if let Some(engine) = engines.get_mut(index) {
                *engine = None;
            }
            0.0
        }
        _ => engines
            .get_mut(index)
            .and_then(Option::as_mut)
            .map_or(0.0, |bridge| bridge.call(opcode, now, number)),
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn call(engine: f64, opcode: u32) -> f64 {
        rtbroadcaster_call(engine as i32, opcode as i32, 0.0, 0.0)
    }

    #[wasm_bindgen_test]
    fn the_index_of_a_freed_engine_is_given_to_the_next() {
        let new = || call(0.0, opcode::NEW_ENGINE);
        let (one, other) = (new(), new());
        assert!(one != other);
        call(one, opcode::SHARE_AUDIENCE);
        call(one, opcode::FREE_ENGINE);
        assert_eq!(new(), one);
        assert!(new() > other);
    }

    #[wasm_bindgen_test]
    fn every_call_to_a_freed_engine_returns_0() {
        let gone = call(0.0, opcode::NEW_ENGINE);
        call(gone, opcode::FREE_ENGINE);
        for opcode in [opcode::FREE_ENGINE, opcode::CLOSE, opcode::NEXT_STEP, opcode::READ_TEXT] {
            assert_eq!(call(gone, opcode), 0.0);
            assert_eq!(call(1e9, opcode), 0.0);
        }
    }
}
