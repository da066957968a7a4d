//! What values must not be together.

use super::problem::Problem;
use super::resolve::Resolved;
use super::source::Source;

/// Every rule that is broken. Each names all the settings that it is about, with their values and where they come from.
pub(super) fn broken(resolved: &Resolved) -> Vec<Problem> {
    let limits = &resolved.configuration.rooms.limits;
    let mut problems = Vec::new();
    if limits.ping_interval_ms >= limits.idle_timeout_ms {
        problems.push(between(
            resolved,
            ("limits.ping-interval-ms", limits.ping_interval_ms),
            "must be below",
            ("limits.idle-timeout-ms", limits.idle_timeout_ms),
            "every quiet client is cut off",
        ));
    }
    if limits.ring_bytes < limits.message_bytes {
        problems.push(between(
            resolved,
            ("limits.ring-bytes", limits.ring_bytes as u64),
            "must not be below",
            ("limits.message-bytes", limits.message_bytes as u64),
            "the largest actions never fit",
        ));
    }
    problems
}

fn between(resolved: &Resolved, one: (&str, u64), rule: &str, other: (&str, u64), or_else: &str) -> Problem {
    let shown = |(key, value): (&str, u64)| format!("{key} ({value}, {})", place(resolved.source(key)));
    Problem::with(shown(one), format!("{rule} {}, or {or_else}", shown(other)))
}

fn place(source: &Source) -> String {
    match source {
        Source::Default => "the default".to_owned(),
        other => other.to_string(),
    }
}
