//! Function key → function, and the state messages that came before their function.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use js_sys::{Array, Function};

/// How many function keys without a function are remembered as reported; beyond it nothing is reported any more. It
/// bounds what an owner can make a follower remember.
const REPORTED_KEYS: usize = 1_000;

/// The functions of a page.
///
/// The only maps are those that the session has too: every other kind of map adds some 7 kB to the wasm.
#[derive(Default)]
pub(crate) struct Registry {
    /// Sorted by key.
    functions: Vec<(String, Function)>,
    /// State messages whose key has no function, in order of arrival: the newest of each slot.
    kept: VecDeque<Kept>,
    /// Slot → the arrival of its state message in `kept`.
    kept_slots: BTreeMap<String, u64>,
    /// What was kept and has its function now, in order of arrival.
    released: VecDeque<Kept>,
    arrivals: u64,
    /// The keys that were reported to have no function.
    reported: BTreeSet<String>,
}

struct Kept {
    arrival: u64,
    action: Action,
}

/// An action as the page is to be handed it.
pub(crate) struct Action {
    pub(crate) key: String,
    pub(crate) params: Array,
    /// Where it is retained, if it is a state message.
    pub(crate) slot: Option<String>,
}

/// What is to be done with an action.
pub(crate) enum Dispatch {
    Run(Function, Action),
    /// It waits for its function, or was reported before.
    Nothing,
    /// There is no function, and that was not reported before. With the function key.
    Report(String),
}

impl Registry {
    /// Registers a function. Whether there are state messages that waited for it: [`Registry::has_released`].
    pub(crate) fn register(&mut self, key: String, function: Function) {
        let (released, kept) =
            std::mem::take(&mut self.kept).into_iter().partition(|kept| kept.action.key == key);
        self.kept = kept;
        let released: VecDeque<Kept> = released;
        for kept in released {
            if let Some(slot) = &kept.action.slot {
                self.kept_slots.remove(slot);
            }
            let at = self.released.partition_point(|other| other.arrival < kept.arrival);
            self.released.insert(at, kept);
        }
        match self.find(&key) {
            Ok(at) => self.functions[at].1 = function,
            Err(at) => self.functions.insert(at, (key, function)),
        }
    }

    pub(crate) fn unregister(&mut self, key: &str) {
        if let Ok(at) = self.find(key) {
            self.functions.remove(at);
        }
    }

    pub(crate) fn has_released(&self) -> bool {
        !self.released.is_empty()
    }

    /// The oldest state message that has waited for a function and now has one.
    pub(crate) fn take_released(&mut self) -> Option<Action> {
        self.released.pop_front().map(|kept| kept.action)
    }

    /// What to do with an action.
    pub(crate) fn dispatch(&mut self, action: Action) -> Dispatch {
        if let Some(slot) = &action.slot {
            self.forget(slot);
        }
        if let Ok(at) = self.find(&action.key) {
            return Dispatch::Run(self.functions[at].1.clone(), action);
        }
        if let Some(slot) = &action.slot {
            self.arrivals += 1;
            self.kept_slots.insert(slot.clone(), self.arrivals);
            self.kept.push_back(Kept { arrival: self.arrivals, action });
            return Dispatch::Nothing;
        }
        if self.reported.len() < REPORTED_KEYS && self.reported.insert(action.key.clone()) {
            Dispatch::Report(action.key)
        } else {
            Dispatch::Nothing
        }
    }

    /// The slot has a newer value, or none any more.
    pub(crate) fn forget(&mut self, slot: &str) {
        if let Some(arrival) = self.kept_slots.remove(slot) {
            let at = self.kept.partition_point(|kept| kept.arrival < arrival);
            self.kept.remove(at);
        }
    }

    /// Where the function of a key is, or would have to be.
    fn find(&self, key: &str) -> Result<usize, usize> {
        self.functions.binary_search_by(|(other, _)| other.as_str().cmp(key))
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen::prelude::JsValue;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn action(key: &str, param: &str, slot: Option<&str>) -> Action {
        Action {
            key: key.to_owned(),
            params: Array::of1(&JsValue::from(param)),
            slot: slot.map(str::to_owned),
        }
    }

    fn function() -> Function {
        Function::new_no_args("")
    }

    fn released(registry: &mut Registry) -> Vec<String> {
        let next = || registry.take_released().and_then(|kept| kept.params.get(0).as_string());
        std::iter::from_fn(next).collect()
    }

    fn is_nothing(dispatch: &Dispatch) -> bool {
        matches!(dispatch, Dispatch::Nothing)
    }

    #[wasm_bindgen_test]
    fn the_newest_state_message_of_each_slot_waits_for_its_function_in_order() {
        let mut registry = Registry::default();
        for (key, param, slot) in [("a", "1", "x"), ("b", "2", "y"), ("a", "3", "z"), ("a", "4", "x")] {
            assert!(is_nothing(&registry.dispatch(action(key, param, Some(slot)))));
        }
        registry.register("a".to_owned(), function());
        assert!(registry.has_released());
        registry.register("b".to_owned(), function());
        assert_eq!(released(&mut registry), ["2", "3", "4"]);
        assert!(!registry.has_released());
    }

    #[wasm_bindgen_test]
    fn a_cleared_or_overwritten_state_message_waits_no_more() {
        let mut registry = Registry::default();
        registry.register("known".to_owned(), function());
        registry.dispatch(action("late", "1", Some("x")));
        registry.dispatch(action("late", "2", Some("y")));
        registry.forget("x");
        assert!(matches!(registry.dispatch(action("known", "3", Some("y"))), Dispatch::Run(..)));
        registry.register("late".to_owned(), function());
        assert_eq!(released(&mut registry), Vec::<String>::new());
        assert!(registry.kept_slots.is_empty());
    }

    #[wasm_bindgen_test]
    fn a_function_key_without_a_function_is_reported_once() {
        let mut registry = Registry::default();
        assert!(matches!(registry.dispatch(action("a", "1", None)), Dispatch::Report(key) if key == "a"));
        assert!(is_nothing(&registry.dispatch(action("a", "2", None))));
        registry.register("a".to_owned(), function());
        assert!(matches!(registry.dispatch(action("a", "3", None)), Dispatch::Run(..)));
        registry.unregister("a");
        assert!(is_nothing(&registry.dispatch(action("a", "4", None))));
        for number in 0..2 * REPORTED_KEYS {
            registry.dispatch(action(&number.to_string(), "", None));
        }
        assert_eq!(registry.reported.len(), REPORTED_KEYS);
    }
}
