//! Function key → function, and the state messages that came before their function.

use alloc::string::String;
use alloc::vec::Vec;

/// How many function keys without a function are reported at most. It bounds the memory that an
/// owner can make a follower use, because each reported key is remembered.
const REPORTED_KEYS: usize = 1_000;

/// Names a function. The function itself stays with the driver, which calls it.
pub(crate) type FunctionId = u32;

/// The functions of a page. They are in plain lists that are searched: any kind of map would cost a
/// page a few kilobytes. js/fast-path.js finds the function of a frequent action in a map of its
/// own.
pub(crate) struct Registry<P> {
    functions: Vec<(String, FunctionId)>,
    /// State messages whose key has no function: the newest of each slot, in the order in which
    /// they came.
    waiting: Vec<WaitingState<P>>,
    /// A function was registered since: some of the waiting state messages may have theirs now.
    has_released: bool,
    /// The keys that were reported to have no function.
    reported: Vec<String>,
}

struct WaitingState<P> {
    slot: String,
    key: String,
    params: P,
    #[cfg(feature = "web")]
    at: Option<u64>,
}

/// An action, as it is delivered to the page.
pub(crate) struct Action<P> {
    pub(crate) key: String,
    pub(crate) params: P,
    /// The slot that retains it, if it is a state message.
    pub(crate) slot: Option<String>,
    /// The moment at which it runs. js/ finds it in the message.
    #[cfg(feature = "web")]
    pub(crate) at: Option<u64>,
}

impl<P> Action<P> {
    pub(crate) fn new(key: String, params: P, slot: Option<String>, at: Option<u64>) -> Self {
        #[cfg(not(feature = "web"))]
        let _ = at;
        Self {
            key,
            params,
            slot,
            #[cfg(feature = "web")]
            at,
        }
    }
}

/// What to do with an action.
pub(crate) enum Dispatch<P> {
    Run(FunctionId, Action<P>),
    /// Nothing: it waits for its function, or its missing function was reported before.
    Nothing,
    /// Report that this function key has no function: it was not reported before.
    Report(String),
}

impl<P> Registry<P> {
    pub(crate) fn new() -> Self {
        Self { functions: Vec::new(), waiting: Vec::new(), has_released: false, reported: Vec::new() }
    }

    /// Registers a function and returns the one that it replaces. [`Registry::has_released`] says
    /// whether state messages may have waited for it.
    pub(crate) fn register(&mut self, key: String, function: FunctionId) -> Option<FunctionId> {
        let replaced = self.unregister(&key);
        self.functions.push((key, function));
        self.has_released = !self.waiting.is_empty();
        replaced
    }

    /// Removes a function and returns it.
    pub(crate) fn unregister(&mut self, key: &str) -> Option<FunctionId> {
        let at = self.functions.iter().position(|(known, _)| known == key)?;
        Some(self.functions.swap_remove(at).1)
    }

    /// Whether [`Registry::take_released`] may return something.
    #[cfg(any(test, feature = "javascript"))]
    pub(crate) fn has_released(&self) -> bool {
        self.has_released
    }

    /// Removes and returns the oldest state message that waited for a function and has one now.
    pub(crate) fn take_released(&mut self) -> Option<Action<P>> {
        if !self.has_released {
            return None;
        }
        let Some(at) = self.waiting.iter().position(|waiting| self.find(&waiting.key).is_some()) else {
            self.has_released = false;
            return None;
        };
        let waiting = self.waiting.remove(at);
        Some(Action {
            key: waiting.key,
            params: waiting.params,
            slot: Some(waiting.slot),
            #[cfg(feature = "web")]
            at: waiting.at,
        })
    }

    /// Says what to do with an action, and keeps it if it must wait for its function.
    pub(crate) fn dispatch(&mut self, action: Action<P>) -> Dispatch<P> {
        if let Some(slot) = &action.slot {
            self.discard_waiting(slot);
        }
        if let Some(function) = self.find(&action.key) {
            return Dispatch::Run(function, action);
        }
        let key = action.key;
        if let Some(slot) = action.slot {
            self.waiting.push(WaitingState {
                slot,
                key,
                params: action.params,
                #[cfg(feature = "web")]
                at: action.at,
            });
            return Dispatch::Nothing;
        }
        if self.reported.len() >= REPORTED_KEYS || self.reported.contains(&key) {
            return Dispatch::Nothing;
        }
        self.reported.push(key.clone());
        Dispatch::Report(key)
    }

    /// Whether a state message of this slot waits for its function.
    #[cfg(feature = "javascript")]
    pub(crate) fn has_waiting(&self, slot: &str) -> bool {
        self.waiting_index(slot).is_some()
    }

    /// Discards the state message that waits in this slot: the slot was overwritten or cleared.
    pub(crate) fn discard_waiting(&mut self, slot: &str) {
        if let Some(at) = self.waiting_index(slot) {
            self.waiting.remove(at);
        }
    }

    fn find(&self, key: &str) -> Option<FunctionId> {
        self.functions.iter().find(|(known, _)| known == key).map(|(_, number)| *number)
    }

    fn waiting_index(&self, slot: &str) -> Option<usize> {
        self.waiting.iter().position(|waiting| waiting.slot == slot)
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::ToOwned;
    use std::string::ToString;

    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    type Page = Registry<u32>;

    fn action(key: &str, params: u32, slot: Option<&str>) -> Action<u32> {
        Action { key: key.to_owned(), params, slot: slot.map(str::to_owned), at: None }
    }

    fn released(registry: &mut Page) -> Vec<u32> {
        core::iter::from_fn(|| registry.take_released().map(|action| action.params)).collect()
    }

    fn is_nothing(dispatch: &Dispatch<u32>) -> bool {
        matches!(dispatch, Dispatch::Nothing)
    }

    #[wasm_bindgen_test]
    fn the_newest_function_of_a_key_runs_until_it_is_removed() {
        let mut registry = Page::new();
        for (number, key) in [(1, "b"), (2, "a"), (3, "c")] {
            assert_eq!(registry.register(key.to_owned(), number), None);
        }
        assert_eq!(registry.register("a".to_owned(), 4), Some(2));
        for (key, number) in [("a", 4), ("b", 1), ("c", 3)] {
            assert!(
                matches!(registry.dispatch(action(key, 0, None)), Dispatch::Run(run, _) if run == number)
            );
        }
        assert_eq!((registry.unregister("b"), registry.unregister("b")), (Some(1), None));
        assert!(matches!(registry.dispatch(action("b", 0, None)), Dispatch::Report(_)));
    }

    #[wasm_bindgen_test]
    fn the_newest_state_message_of_each_slot_waits_for_its_function_in_order() {
        let mut registry = Page::new();
        for (key, params, slot) in [("a", 1, "x"), ("b", 2, "y"), ("a", 3, "z"), ("a", 4, "x")] {
            assert!(is_nothing(&registry.dispatch(action(key, params, Some(slot)))));
        }
        registry.register("a".to_owned(), 1);
        assert!(registry.has_released());
        registry.register("b".to_owned(), 2);
        assert_eq!(released(&mut registry), [2, 3, 4]);
        assert!(!registry.has_released());
    }

    #[wasm_bindgen_test]
    fn a_cleared_or_overwritten_state_message_waits_no_more() {
        let mut registry = Page::new();
        registry.register("known".to_owned(), 1);
        registry.dispatch(action("late", 1, Some("x")));
        registry.dispatch(action("late", 2, Some("y")));
        registry.discard_waiting("x");
        registry.discard_waiting("never there");
        assert!(matches!(registry.dispatch(action("known", 3, Some("y"))), Dispatch::Run(..)));
        registry.register("late".to_owned(), 2);
        assert_eq!(released(&mut registry), Vec::<u32>::new());
        assert!(registry.waiting.is_empty());
    }

    #[wasm_bindgen_test]
    fn a_function_key_without_a_function_is_reported_once() {
        let mut registry = Page::new();
        assert!(matches!(registry.dispatch(action("a", 1, None)), Dispatch::Report(key) if key == "a"));
        assert!(is_nothing(&registry.dispatch(action("a", 2, None))));
        registry.register("a".to_owned(), 1);
        assert!(matches!(registry.dispatch(action("a", 3, None)), Dispatch::Run(..)));
        registry.unregister("a");
        assert!(is_nothing(&registry.dispatch(action("a", 4, None))));
        for number in 0..2 * REPORTED_KEYS {
            registry.dispatch(action(&number.to_string(), 0, None));
        }
        assert_eq!(registry.reported.len(), REPORTED_KEYS);
    }
}
