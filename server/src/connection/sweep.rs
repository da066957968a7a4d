//! The sweep looks after all connections with one timer. [`Manager::start`](crate::Manager) starts
//! it with the first connection.

use std::sync::Weak;
use std::time::Duration;

use rtbroadcaster_protocol::Limits;

use super::Registry;
use crate::fanout::{contained, with_send_context};
use crate::services::Services;

/// Connections that are handled before other tasks get their turn.
const CHUNK_SIZE: usize = 256;
/// The pause between two sweeps is the shortest timeout divided by this, so no timeout is late by
/// more.
const PART_OF_TIMEOUT: u64 = 8;
/// The longest pause, so that no timeout is late by more than a second.
const LONGEST_PAUSE_MS: u64 = 1_000;
/// The shortest pause. With a shorter one the server would do nothing but sweep.
const SHORTEST_PAUSE_MS: u64 = 5;

/// Looks after the registry's connections and the rooms' memory, until one of both is gone.
pub(crate) async fn sweep(registry: Weak<Registry>, services: Weak<Services>, limits: Limits) {
    let pause = pause(&limits);
    loop {
        tokio::time::sleep(pause).await;
        {
            let Some(services) = services.upgrade() else { return };
            // A panic is logged by then, and the next sweep tries again.
            let _ = contained("shortening rings", || services.rooms.shrink_rings_if_tight());
        }
        let mut start = 0;
        loop {
            let (Some(registry), Some(services)) = (registry.upgrade(), services.upgrade()) else { return };
            let Some(chunk) = registry.chunk(start, CHUNK_SIZE) else { break };
            let now = services.clock.now();
            with_send_context(&services.metrics, |context| {
                for connection in &chunk {
                    if contained("sweeping a connection", || connection.handle_due(now, context)).is_none() {
                        connection.wake();
                    }
                }
            });
            start += CHUNK_SIZE;
            drop((chunk, registry, services));
            tokio::task::yield_now().await;
        }
    }
}

/// The pause between two sweeps.
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
