//! A panic is a bug of ours. It ends what it happened in, and nothing that merely ran in the same thread.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing::error;

/// Does something for one of many; nothing if it panics, which is logged, so that the others still get their turn.
///
/// What it has locked meanwhile is left poisoned, by which whoever locks it next sees that it is half changed.
pub(crate) fn contained<R>(what: &'static str, act: impl FnOnce() -> R) -> Option<R> {
    // The panic itself, with its place, is told by the panic hook.
    catch_unwind(AssertUnwindSafe(act))
        .inspect_err(|_| error!(what, "a bug of the server: this is given up, all else goes on"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_one_turn_and_the_others_run() {
        let done: Vec<_> = (0..3)
            .filter_map(|turn| contained("a turn", || [0, 2].into_iter().find(|n| *n == turn).unwrap()))
            .collect();
        assert_eq!(done, [0, 2]);
    }
}
