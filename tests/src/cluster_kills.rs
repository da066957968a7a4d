//! A cluster whose nodes and NATS servers are killed, paused, led away and cut off again and again,
//! under the [load](super::load) of clients that must not notice.

mod arena;
mod incident;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Random;
use crate::load::{Load, LoadPlan};
use arena::Arena;
pub use incident::Incident;

/// Slow enough that no follower which is away for the longest of all pauses misses what falls off
/// the ring.
const PLAN: LoadPlan = LoadPlan { rooms: 3, pause: Some(Duration::from_millis(50)) };
/// Actions that are acknowledged in each room between two incidents, at most.
const MOST_ACTIONS: u64 = 200;
/// A room has gone on after so many acknowledgements: some may have been under way before.
const ACTIONS: u64 = 10;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Survival {
    /// What happened last, and how long it took from then on until every room had gone on.
    pub last: Option<(Incident, Duration)>,
    /// All these pauses, the shortest first.
    pub pauses: BTreeMap<Incident, Vec<Duration>>,
    /// Actions that were acknowledged, each of which every follower of its room was served once.
    pub acknowledged: u64,
}

/// Starts three NATS servers and three nodes of this binary, puts them under load, and lets one
/// thing after another happen to them, as `seed` chooses, while `goes_on` says so. Panics at the
/// first action that is lost, doubled or out of order. None if there is no program `nats-server`.
pub async fn survive(
    server: &Path,
    seed: u64,
    mut goes_on: impl FnMut(&Survival) -> bool,
) -> Option<Survival> {
    let mut arena = Arena::start(server).await?;
    let mut load = Load::start(&arena.balancer.address, PLAN).await;
    let mut random = Random(seed);
    let mut incidents = Incident::ALL.to_vec();
    incidents.retain(|incident| arena.has_island() || !incident.is_a_cut());
    let mut survival = Survival::default();
    while goes_on(&survival) {
        load.every_room_goes_on(1 + random.below(MOST_ACTIONS)).await;
        let incident = incidents[random.below(incidents.len() as u64) as usize];
        let whom = incident.begin(&mut arena, random.below(1 << 16) as usize).await;
        let begun = Instant::now();
        let pause = async {
            load.every_room_goes_on(ACTIONS).await;
            begun.elapsed()
        };
        let ((), pause) = tokio::join!(incident.end(&mut arena, whom), pause);
        let pauses = survival.pauses.entry(incident).or_default();
        pauses.push(pause);
        pauses.sort_unstable();
        survival.last = Some((incident, pause));
        survival.acknowledged = load.acknowledged();
    }
    survival.acknowledged = load.finish().await;
    Some(survival)
}
