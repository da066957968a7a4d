//! Looks after all connections at once: one timer instead of several for each.

use std::sync::Weak;
use std::time::Duration;

use rtbroadcaster_protocol::Limits;

use super::Registry;
use crate::fanout::{contained, with_send_context};
use crate::services::Services;

/// Connections looked after before other tasks get their turn.
const AT_A_TIME: usize = 256;
/// The pause between two sweeps is this part of the shortest timeout, so a timeout is late by no more.
const PART_OF_TIMEOUT: u64 = 8;
/// The longest pause, so that no timeout is late by more than a second.
const LONGEST_PAUSE_MS: u64 = 1_000;
/// The shortest pause; otherwise the server would do nothing but sweep.
const SHORTEST_PAUSE_MS: u64 = 5;

/// Looks after the connections of a registry, and the memory of the rooms, as long as both are there.
pub(crate) async fn sweep(registry: Weak<Registry>, services: Weak<Services>, limits: Limits) {
    let pause = pause(&limits);
    loop {
        tokio::time::sleep(pause).await;
        let Some(shared) = services.upgrade() else { return };
        // A panic is logged by then, and the next sweep tries again.
        let _ = contained("shortening rings", || shared.rooms.shrink_rings_if_tight());
        drop(shared);
        let mut start = 0;
        loop {
            let (Some(registry), Some(services)) = (registry.upgrade(), services.upgrade()) else { return };
            let Some(some) = registry.some(start, AT_A_TIME) else { break };
            let now = services.clock.now();
            with_send_context(&services.metrics, |context| {
                for connection in &some {
                    if contained("the look at a connection", || connection.look(now, context)).is_none() {
                        connection.wake();
                    }
                }
            });
            start += AT_A_TIME;
            drop((some, registry, services));
            tokio::task::yield_now().await;
        }
    }
}

/// How long to wait between two sweeps.
fn pause(limits: &Limits) -> Duration {
    let timeouts = [
        limits.handshake_timeout_ms,
        limits.ping_interval_ms,
        limits.idle_timeout_ms,
        limits.stall_timeout_ms,
    ];
    let shortest = timeouts.into_iter().min().unwrap_or(LONGEST_PAUSE_MS);
    Duration::from_millis((shortest / PART_OF_TIMEOUT).clamp(SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS))
}
